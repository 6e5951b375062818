"""What elsewhere libraries at the terminal do and in Shanghai the platform: decode a code (SE01), read a card (S000).

Written from docs/shanghai.md alone.
"""

import hashlib
import json
from collections.abc import Mapping

from simulators.his.exchange import NoAnswerError, post
from simulators.his.hello import Hello
from simulators.his.shanghai import DONE, envelope

SHANGHAI = "shanghai"
CENTRE_DOWN = "981012"
_Members = Mapping[str, object]


def ask_library(hello: Hello, request: _Members, *, reply_s: float) -> _Members:
    """What the voucher centre's library answers; to ec.query under Shanghai's protocol the platform does, to SE01.

    Raises NoAnswerError, and ValueError for a request without data.
    """
    if hello.profile.protocol != SHANGHAI or request["transType"] != "ec.query":
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        url = hello.voucher_centre + hello.profile.voucher_path
        return post(url, body, connect_s=hello.connect_s, reply_s=reply_s, trust=hello.trust)
    data = request["data"]
    if not isinstance(data, dict):
        raise ValueError("the request has no data")
    code = str(data[hello.profile.code_field])
    told = {
        **{name: value for name, value in data.items() if name != hello.profile.code_field},
        "ecQrCode": code,
        "ecQrChannel": hello.profile.shanghai.get("ecQrChannel", ""),
        "termId": hello.mac,
        "termIp": hello.ip,
    }
    answer = _asked(hello, "SE01", told, number=_digits(code), reply_s=reply_s)
    result = answer.get("xxfhm")
    if result == CENTRE_DOWN:
        raise NoAnswerError("the voucher centre behind the platform did not answer")
    if result == DONE:
        return {"code": 0, "data": answer.get("xxnr")}
    return {"code": result, "message": answer.get("fhxx")}


def read_card(hello: Hello, *, reading: int, reply_s: float) -> _Members:
    """What ReadCardBas would answer, from the front machine's reader (S000); `reading` counts those of this process.

    Raises NoAnswerError.
    """
    number = _digits(f"{hello.state_dir.name} {hello.now} {reading}")
    answer = _asked(hello, "S000", {}, number=number, reply_s=reply_s)
    told = answer.get("xxnr")
    if answer.get("xxfhm") == DONE and isinstance(told, dict):
        return {"code": 0, "cardInfo": told.get("cardinfo")}
    return {"code": answer.get("xxfhm") or "-1", "message": answer.get("fhxx")}


def _asked(hello: Hello, kind: str, told: _Members, *, number: int, reply_s: float) -> _Members:
    msgid = f"{hello.institution[:12]}{hello.now[:10].replace('-', '')}{number:09d}"
    message = envelope(hello, kind, msgid, hello.now, told)
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(hello.profile.charset_in)
    url = hello.platform + hello.profile.any_path
    headers = hello.profile.headers
    answer = post(url, body, connect_s=hello.connect_s, reply_s=reply_s, headers=headers, trust=hello.trust)
    if answer.get("msgid") not in {None, "", msgid}:
        raise NoAnswerError(f"the answer is that to message {answer.get('msgid')}")
    return answer


def _digits(text: str) -> int:
    """Nine digits of a text's own."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10**9
