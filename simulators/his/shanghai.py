"""Shanghai 五期 as the adapter speaks it: the same calls, other messages.

A transaction of the institution interface goes out as a message of Shanghai's, and the answer comes back in the form of
the institution interface. Written from docs/shanghai.md alone; the bench's codec of the same is not used here. What the
libraries at the terminal do elsewhere, and here the platform, is in module `shanghai_library`.
"""

from collections.abc import Callable, Mapping

from simulators.his.hello import Hello
from simulators.his.journal import Amounts
from simulators.his.money import to_yuan
from simulators.his.shanghai_behaviour import ShanghaiBehaviour
from simulators.his.shanghai_collation import COLLATE
from simulators.his.shanghai_members import OUTPUT, STAY, TOLD

DONE, NOT_LEVEL = "P001", "P900"
SIGN_IN = "9001"
CASHIER = "1"
CLINIC = "11"
TYPES = {
    "1101": "SM01",
    "2101": "SI11",
    "2102": "SI12",
    "2103": "SK01",
    "2201": "SJ11",
    "2202": "SJ11",
    "2203": "SJ21",
    "2204": "SN01",
    "2205": "SN02",
    "2206": "SI11",
    "2207": "SI12",
    "2208": "SK01",
    "2301": "SN01",
    "2302": "SN02",
    "2303": "SI51",
    "2304": "SI52",
    "2305": "SK01",
    "2401": "SJ31",
    "2402": "SJ51",
    "2404": "SJ31",
    "2601": "SK01",
    "9801": "LT01",
    "9802": "LT02",
    COLLATE: COLLATE,
}
OF_REGISTRATIONS = {"2206": "SH01", "2207": "SH02"}
"""The fee of a registration is settled by messages of its own."""
CLASSES = {"2207": CLINIC, "2208": CLINIC, "2304": STAY, "2305": STAY}
"""yllb of what is refunded or taken back; a purchase has none."""
REFUNDS = ("2103", "2208", "2305")
PRE_SETTLEMENTS, SETTLEMENTS = ("2101", "2206", "2303"), ("2102", "2207", "2304")
_Members = Mapping[str, object]


class Shanghai:
    """Puts transactions into Shanghai's words.

    `paid` tells how a settlement was paid, by order and setl_id; `kind_sent` under which type a msgid was sent, empty
    when nobody knows.
    """

    def __init__(
        self,
        hello: Hello,
        behaviour: ShanghaiBehaviour,
        *,
        paid: Callable[[str, str], Amounts],
        kind_sent: Callable[[str], str],
    ) -> None:
        self._hello = hello
        self._behaviour = behaviour
        self._paid = paid
        self._kind_sent = kind_sent
        self._given: list[str] = []
        """Every application number that a pre-settlement was given."""
        self._applications: dict[str, str] = {}
        """The number of each order that waits for its settlement."""
        self._registrations: set[str] = set()
        """The orders that a visit was opened for."""

    def message(
        self, infno: str, msgid: str, content: _Members, *, at: str, order: str, insuplc: str, opter_type: str = CASHIER
    ) -> dict[str, object]:
        """The message of a transaction. Raises ValueError for one that the protocol lacks."""
        if infno not in TYPES:
            raise ValueError(f"Shanghai's protocol has no message for {infno}, as far as it is known")
        if infno == "2201":
            self._registrations.add(order)
        told = self._told(infno, content, order)
        place = {"insuplc": insuplc} if insuplc else {}
        way = {} if opter_type == CASHIER else {"czylx": opter_type}
        told = self._behaviour.content({**told, **place, **way})
        return envelope(self._hello, self._type(infno, order), msgid, at, told)

    def national(self, infno: str, order: str, answer: _Members) -> _Members:
        """An answer in the institution interface's form; as it is when it is no answer of this protocol."""
        code, told = answer.get("xxfhm"), answer.get("xxnr")
        if not isinstance(code, str) or not code:
            return answer
        if code != DONE and not (infno == COLLATE and code == NOT_LEVEL):
            return {"infcode": -1, "err_msg": answer.get("fhxx"), "warn_msg": code}
        found = told if isinstance(told, dict) else {}
        if infno in PRE_SETTLEMENTS:
            self._given.append(str(found.get("jssqxh") or ""))
            self._applications[order] = self._behaviour.application(self._given)
        return {"infcode": 0, "output": OUTPUT[infno](found)}

    def _type(self, infno: str, order: str) -> str:
        registers = infno in OF_REGISTRATIONS and order in self._registrations
        return OF_REGISTRATIONS[infno] if registers else TYPES[infno]

    def _told(self, infno: str, content: _Members, order: str) -> dict[str, object]:
        data = content.get("data")
        data = data if isinstance(data, dict) else {}
        if infno in REFUNDS:
            setl_id = str(data.get("setl_id") or "")
            return {
                "translsh": setl_id,
                "totalexpense": to_yuan(self._behaviour.refund_total(self._paid(order, setl_id))),
                "personno": data.get("psn_no"),
                "jzdyh": data.get("mdtrt_id"),
                **_class_of(infno),
            }
        if infno == "2601":
            original, doubted = str(data.get("oinfno")), str(data.get("omsgid") or "")
            kind = self._kind_sent(doubted) or TYPES.get(original, "")
            return {"ymsgid": doubted, "ymsglx": kind, **_class_of(original), "personno": data.get("psn_no")}
        number = {"jssqxh": self._applications.pop(order, "")} if infno in SETTLEMENTS else {}
        return {**number, **TOLD[infno](content)}


def envelope(hello: Hello, kind: str, msgid: str, at: str, told: _Members) -> dict[str, object]:
    """A message."""
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


def _class_of(infno: str) -> dict[str, object]:
    return {"yllb": CLASSES[infno]} if infno in CLASSES else {}
