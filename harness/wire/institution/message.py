"""Messages of the institution interface: envelope, answer, and their bytes; no float is ever made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import msgspec

from harness.clock import BEIJING
from harness.money import Fen, parse_yuan
from harness.wire.fields import is_object, show, written_plainly

_TIME = "%Y-%m-%d %H:%M:%S"


def _plain_number(text: str) -> Decimal:
    """A number of JSON; 4.498e1, which as a Decimal would look like 44.98, becomes NaN: no field takes an exponent."""
    found = Decimal(text)
    return Decimal("NaN") if ("e" in text or "E" in text) and written_plainly(found) else found


_DECODER = msgspec.json.Decoder(float_hook=_plain_number)


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What every request of one operator at one institution carries, in readable names (docs/sources.md, 4.1)."""

    infno: str
    msgid: str
    at: datetime
    institution: str
    institution_name: str
    area: str
    """Place of treatment (mdtrtarea_admvs)."""
    insured_place: str = ""
    """Insured place (insuplc_admdvs); due as soon as the input carries psn_no."""
    operator: str
    operator_name: str
    operator_type: str = "1"
    sign_no: str = ""
    recer_sys_code: str = "YBXT"
    infver: str = "V1.0"
    signtype: str = "SM3"
    dev_no: str = ""


def request(
    envelope: Envelope,
    data: Mapping[str, object],
    *,
    input_as: str = "object",
    members: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """A request as the wire spells it; `data` is the content of input, `members` what a province's envelope adds."""
    return {
        "infno": envelope.infno,
        "msgid": envelope.msgid,
        "mdtrtarea_admvs": envelope.area,
        "insuplc_admdvs": envelope.insured_place,
        "recer_sys_code": envelope.recer_sys_code,
        "dev_no": envelope.dev_no,
        "dev_safe_info": "",
        "cainfo": "",
        "signtype": envelope.signtype,
        "infver": envelope.infver,
        "opter_type": envelope.operator_type,
        "opter": envelope.operator,
        "opter_name": envelope.operator_name,
        "inf_time": envelope.at.astimezone(BEIJING).strftime(_TIME),
        "fixmedins_code": envelope.institution,
        "fixmedins_name": envelope.institution_name,
        "sign_no": envelope.sign_no,
        **(members or {}),
        "input": encode(data).decode() if input_as == "string" else data,
    }


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer: accepted when `infcode` is 0; otherwise `err_msg` is what the operator reads."""

    infcode: int
    err_msg: str
    warn_msg: str
    inf_refmsgid: str
    output: Mapping[str, object]

    @property
    def accepted(self) -> bool:
        """Whether the transaction was done."""
        return self.infcode == 0


def parse_reply(body: Mapping[str, object]) -> Reply:
    """An answer's envelope. Raises ValueError when it has no usable infcode."""
    try:
        infcode = int(str(body["infcode"]))
    except (KeyError, ValueError) as error:
        raise ValueError("the answer has no infcode") from error
    return Reply(
        infcode=infcode,
        err_msg=str(body.get("err_msg") or ""),
        warn_msg=str(body.get("warn_msg") or ""),
        inf_refmsgid=str(body.get("inf_refmsgid") or ""),
        output=as_object(body.get("output")) or {},
    )


def decode(raw: bytes, *, charset: str = "utf-8", twice: bool = False) -> Mapping[str, object]:
    """A message from its bytes, numbers with a point as Decimal. Raises ValueError when it is no JSON object.

    `twice`: it may come as a JSON string of JSON.
    """
    if charset != "utf-8":
        raw = raw.decode(charset).encode()
    try:
        value = _DECODER.decode(raw)
        if twice and isinstance(value, str):
            value = _DECODER.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    if not is_object(value):
        raise ValueError(f"a JSON object is due, not {show(value)}")
    return value


def encode(message: object) -> bytes:
    """A message as UTF-8 JSON without blanks; a Decimal becomes a JSON number."""
    return _ENCODER.encode(message)


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def content(body: Mapping[str, object]) -> Mapping[str, object]:
    """The input of a request, whether an object or a string of JSON; empty when it is neither."""
    return as_object(body.get("input")) or {}


def as_object(value: object) -> Mapping[str, object] | None:
    """Input or output, which may be an object or a string of one; None when it is neither."""
    if isinstance(value, str) and value:
        try:
            value = _DECODER.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
    return value if is_object(value) else None


def amount(value: object) -> Fen:
    """Fen from a wire amount: a decimal string or a JSON number of yuan. Raises ValueError otherwise."""
    if type(value) is str:
        return _fen(value)
    if isinstance(value, Decimal) and written_plainly(value):
        value = format(value, "f")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is no amount")
    return parse_yuan(value)


_fen = lru_cache(maxsize=4096)(parse_yuan)
_ONE = Decimal(1)


def line_amount(price: object, count: object) -> Fen:
    """Price times count (pric N16,6; cnt N16,4), rounded half up to the fen."""
    price = price if type(price) is Decimal else Decimal(str(price))
    count = count if type(count) is Decimal else Decimal(str(count))
    return Fen(int((price * count * 100).quantize(_ONE, rounding=ROUND_HALF_UP)))
