"""Shanghai 五期 as the adapter speaks it: the same calls, other messages.

A transaction of the institution interface goes out as a message of Shanghai's, and the answer comes back in the form of
the institution interface. Written from docs/profiles.md alone; the bench's codec of the same is not used here.
The library's ec.query goes to the same place, as SE01; what it asks of the terminal (card, face) it asks itself.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal

from simulators.his.exchange import NoAnswerError, post
from simulators.his.hello import Hello
from simulators.his.money import to_fen, to_yuan

DONE, CENTRE_DOWN = "P001", "981012"
TYPES = {"1101": "SM01", "2101": "SI11", "2102": "SI12", "2103": "SK01", "2601": "SK01"}
SIGN_IN = "9001"
VOUCHER, CASHIER = "01", "1"
_Members = Mapping[str, object]


class Shanghai:
    """Puts transactions into Shanghai's words; `total_of` tells the total of an order, in fen."""

    def __init__(self, hello: Hello, total_of: Callable[[str], int]) -> None:
        self._hello = hello
        self._total_of = total_of
        self._applications: dict[str, str] = {}

    def message(
        self, infno: str, msgid: str, content: _Members, *, at: str, order: str, insuplc: str, opter_type: str = CASHIER
    ) -> dict[str, object]:
        """The message of a transaction. Raises ValueError for one that the protocol lacks."""
        if infno not in TYPES:
            raise ValueError(f"Shanghai's protocol has no message for {infno}, as far as it is known")
        way = {} if opter_type == CASHIER else {"czylx": opter_type}
        told = {**self._told(infno, content, order, insuplc), **way}
        return _envelope(self._hello, TYPES[infno], msgid, at, told)

    def national(self, infno: str, order: str, answer: _Members) -> _Members:
        """An answer in the institution interface's form; as it is when it is no answer of this protocol."""
        code, told = answer.get("xxfhm"), answer.get("xxnr")
        if not isinstance(code, str) or not code:
            return answer
        if code != DONE:
            return {"infcode": -1, "err_msg": answer.get("fhxx"), "warn_msg": code}
        found = told if isinstance(told, dict) else {}
        if infno == "2101":
            self._applications[order] = str(found.get("jssqxh") or "")
        return {"infcode": 0, "output": _output(infno, found)}

    def _told(self, infno: str, content: _Members, order: str, insuplc: str) -> dict[str, object]:
        data = content.get("data")
        data = data if isinstance(data, dict) else {}
        match infno:
            case "1101":
                return {**_certificate(data), "jzrq": data.get("begntime")}
            case "2103":
                return {
                    "translsh": data.get("setl_id"),
                    "totalexpense": to_yuan(self._total_of(order)),
                    "personno": data.get("psn_no"),
                    "jzdyh": data.get("mdtrt_id"),
                    "insuplc": insuplc,
                }
            case "2601":
                doubted = {"ymsgid": data.get("omsgid"), "ymsglx": TYPES.get(str(data.get("oinfno")), "")}
                return {**doubted, "personno": data.get("psn_no"), "insuplc": insuplc}
            case _:
                number = {"jssqxh": self._applications.pop(order, "")} if infno == "2102" else {}
                return {**number, **_purchase(content), "insuplc": insuplc}


def ask_library(hello: Hello, request: _Members, *, reply_s: float) -> _Members:
    """What the voucher centre's library answers; to ec.query under Shanghai's protocol the platform does, to SE01.

    Raises NoAnswerError, and ValueError for a request without data.
    """
    if hello.profile.protocol != "shanghai" or request["transType"] != "ec.query":
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        return post(hello.voucher_centre + hello.profile.voucher_path, body, connect_s=hello.connect_s, reply_s=reply_s)
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
    number = int(hashlib.sha256(code.encode()).hexdigest(), 16) % 10**9
    msgid = f"{hello.institution[:12]}{hello.now[:10].replace('-', '')}{number:09d}"
    message = _envelope(hello, "SE01", msgid, hello.now, told)
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(hello.profile.charset_in)
    url = hello.platform + hello.profile.any_path
    answer = post(url, body, connect_s=hello.connect_s, reply_s=reply_s, headers=hello.profile.headers)
    result, found = answer.get("xxfhm"), answer.get("xxnr")
    if result == CENTRE_DOWN:
        raise NoAnswerError("the voucher centre behind the platform did not answer")
    if result == DONE:
        return {"code": 0, "data": found}
    return {"code": result, "message": answer.get("fhxx")}


def _envelope(hello: Hello, kind: str, msgid: str, at: str, told: _Members) -> dict[str, object]:
    own = hello.profile.shanghai
    return {
        "jysj": at,
        "xxlxm": kind,
        "xxfhm": "",
        "fhxx": "",
        "bbh": hello.profile.infver,
        "msgid": msgid,
        "xzqhdm": hello.admdvs,
        "jgdm": hello.institution,
        "czybm": hello.operator,
        "czyxm": hello.operator_name,
        "xxnr": told,
        "jyqd": own.get("jyqd", ""),
        "jyyzm": "",
        "zdjbhs": own.get("zdjbhs", ""),
    }


def _purchase(content: _Members) -> dict[str, object]:
    head, lines = content.get("druginfo"), content.get("drugdetail")
    assert isinstance(head, dict)
    assert isinstance(lines, list)
    return {
        **_certificate(head),
        **({"kzxx": head["expContent"]} if head["expContent"] else {}),
        "personno": head["psn_no"],
        "xzlx": head["insutype"],
        "jzrq": head["begntime"],
        "totalexpense": head["medfee_sumamt"],
        "djh": head["invono"],
        "zhbz": head["acct_used_flag"],
        "mxs": [
            {
                "mxxh": line["feedetl_sn"],
                "fyrq": line["fee_ocur_time"],
                "ybbm": line["med_list_codg"],
                "nbbm": line["medins_list_codg"],
                "je": line["det_item_fee_sumamt"],
                "sl": line["cnt"],
                "dj": line["pric"],
                "jb": line["chrgitm_lv"],
            }
            for line in lines
        ],
    }


def _certificate(told: _Members) -> dict[str, object]:
    """What somebody identified by; where it is no voucher, its kind as well, and a card's serial number."""
    kind, serial = told.get("mdtrt_cert_type"), told.get("card_sn")
    return {
        "carddata": told.get("mdtrt_cert_no"),
        **({} if kind == VOUCHER else {"cardtype": kind}),
        **({"cardsn": serial} if serial else {}),
    }


def _output(infno: str, told: _Members) -> dict[str, object]:
    match infno:
        case "1101":
            balance = sum(to_fen(_amount(told.get(name))) for name in ("curaccountamt", "hisaccountamt"))
            insurance = {
                "insutype": told.get("xzlx"),
                "psn_insu_stas": told.get("cbzt"),
                "insuplc_admdvs": told.get("insuplc"),
                "balc": to_yuan(balance),
            }
            base = {"psn_no": told.get("personno"), "psn_name": told.get("personname"), "certno": told.get("idno")}
            return {"baseinfo": base, "insuinfo": [insurance]}
        case "2601":
            return {}
        case _:
            names = {
                "setl_id": "lsh",
                "mdtrt_id": "jzdyh",
                "medfee_sumamt": "totalexpense",
                "fund_pay_sumamt": "fundpay",
                "acct_pay": "accountpay",
                "psn_cash_pay": "cashpay",
            }
            return {"setlinfo": {ours: told[theirs] for ours, theirs in names.items() if theirs in told}}


def _amount(value: object) -> str | Decimal:
    return value if isinstance(value, str | Decimal) and value else "0"
