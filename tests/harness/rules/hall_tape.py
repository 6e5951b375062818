"""Tapes of a hall's self-service terminal made by hand: stories that its rules must pass, and handles to break them."""

from typing import Any

from fixtures.population import people
from tests.harness.rules.tape_builder import SIGN_NO, USUAL, Sale, TapeBuilder

EMPLOYEE, RESIDENT = 0, 3
PEOPLE = people()


class HallTape(TapeBuilder):
    """A tape of one case before a hall's terminal; every command has a label."""

    def visit(self, do: str, label: str, *, person: int, **members: object) -> Sale:
        """Somebody asks for something and identifies by a code; 1101 tells who they are."""
        visitor = Sale(order=label, person=PEOPLE[person], amounts=USUAL)
        self.ask(do, label, **members)
        self.counter(f"{label} scan-please", id=self.command, event="scan-please")
        self.scan(visitor)
        self.decode(visitor)
        self[f"{label} query request"].content["data"]["deviceType"] = "SelfService"
        data = {"mdtrt_cert_type": "01", "mdtrt_cert_no": visitor.token, "begntime": self.now}
        self.hall_transaction(f"{label} 1101", "1101", {"data": data})
        who = visitor.person
        base = {"psn_no": who.psn_no, "certno": who.id_no, "psn_name": who.name}
        self.granted(f"{label} 1101", {"baseinfo": base, "insuinfo": [_insured(person)], "idetinfo": []})
        return visitor

    def hall_transaction(self, label: str, infno: str, content: dict[str, Any], *, msgid: str = "") -> str:
        """A transaction of a self-service terminal, journalled first."""
        msgid = msgid or self.next_msgid()
        self.counter(f"{label} journal", id=self.command, event="journal", msgid=msgid, infno=infno)
        self.transaction(label, infno, content, sign_no=SIGN_NO, msgid=msgid)
        self[f"{label} request"].content["opter_type"] = "2"
        return msgid

    def insurance(self, label: str, *, person: int = EMPLOYEE) -> None:
        """The insurance is shown."""
        self.visit("insurance", label, person=person)
        self.answer(label, "accepted", insurances=[_shown(person)])

    def proof(self, label: str, *, person: int = EMPLOYEE) -> None:
        """A proof is issued and printed."""
        visitor = self.visit("proof", label, person=person)
        data = {**_certificate(visitor), "insutype": visitor.person.insutype}
        self.hall_transaction(f"{label} 9801", "9801", {"data": data})
        proof = {
            "proof_no": f"ZM{self.messages:016d}",
            "psn_no": visitor.person.psn_no,
            "insutype": visitor.person.insutype,
            "from_month": "2010-01",
            "to_month": "2020-09",
            "months": "129",
            "check_value": "89ABCDEF01234567",
        }
        self.granted(f"{label} 9801", {"proof": proof})
        self.counter(f"{label} released", id=self.command, event="released", order=proof["proof_no"], what="proof")
        printed = {
            "no": proof["proof_no"],
            "insutype": proof["insutype"],
            "from": "2010-01",
            "to": "2020-09",
            "months": 129,
            "check": proof["check_value"],
        }
        self.answer(label, "accepted", proof=printed)

    def ask_for_tier(self, label: str, *, person: int = RESIDENT, tier: str = "2") -> tuple[Sale, str]:
        """A change of tier is sent; its msgid."""
        visitor = self.visit("tier", label, person=person, tier=tier)
        data = {**_certificate(visitor), "insutype": visitor.person.insutype, "tier": tier}
        return visitor, self.hall_transaction(f"{label} 9802", "9802", {"data": data})

    def change(self, label: str, visitor: Sale, msgid: str, *, tier: str = "2") -> None:
        """The person confirms, and the platform changes the tier."""
        who = visitor.person
        self.event("voucher-centre", "payment-confirmed", f"{label} confirmed", prompt="P", id_no=who.id_no)
        told = {"change": f"DC-{label}", "msgid": msgid, "psn_no": who.psn_no, "id_no": who.id_no, "year": "2020"}
        self.event("platform", "tier-changed", f"{label} changed", **told, from_tier="1", to_tier=tier)

    def tell_change(self, label: str, of: str = "", *, tier: str = "2") -> None:
        """The platform answers, and the terminal tells."""
        self.granted(f"{label} 9802{of}", {"change": {"from_tier": "1", "to_tier": tier, "year": "2020"}})
        self.answer(label, "accepted", **{"from": "1", "to": tier, "year": "2020"})

    def tier(self, label: str) -> None:
        """A change of tier that goes well."""
        visitor, msgid = self.ask_for_tier(label)
        self.change(label, visitor, msgid)
        self.tell_change(label)

    def again(self, label: str, of: str, msgid: str) -> None:
        """The change is sent once more as it was."""
        request = self[f"{of} 9802 request"].content
        self.request(f"{label} 9802 again", "platform", "/fsi/api/callService", request)
        assert request["msgid"] == msgid

    def screen(self, label: str, shown: dict[str, object] | None = None) -> None:
        """What stands on the screen."""
        self.ask("screen", label)
        self.answer(label, "accepted", screen=shown or {})

    def leave(self, label: str = "leave") -> None:
        """The person leaves."""
        self.ask("leave", label)
        self.answer(label, "accepted")


def opened() -> HallTape:
    """A case that has begun."""
    tape = HallTape()
    tape.begin()
    return tape


def served() -> HallTape:
    """Insurance, proof and tier, each of who identified; the screen follows."""
    tape = opened()
    tape.insurance("V1")
    tape.screen("S1", {"what": "insurance", "insurances": [_shown(EMPLOYEE)]})
    tape.proof("V2")
    tape.leave()
    tape.screen("S2")
    tape.tier("V3")
    tape.wait(61)
    tape.screen("S3")
    tape.end()
    return tape


def reply_lost() -> HallTape:
    """The reply of 9802 is lost; sent again as it was, it is answered as the first time."""
    tape = opened()
    visitor, msgid = tape.ask_for_tier("V1")
    tape.change("V1", visitor, msgid)
    tape.again("V1", "V1", msgid)
    tape.tell_change("V1", " again")
    tape.end()
    return tape


def in_doubt() -> HallTape:
    """Nothing is answered; unknown, then resolved by the same message."""
    tape = opened()
    visitor, msgid = tape.ask_for_tier("V1")
    tape.change("V1", visitor, msgid)
    tape.answer("V1", "unknown", msgid=msgid, prompt="办理结果未知 / unknown")
    tape.ask("resolve")
    tape.again("resolve", "V1", msgid)
    tape.granted("resolve 9802 again", {"change": {"from_tier": "1", "to_tier": "2", "year": "2020"}})
    tape.answer("resolve", "accepted")
    tape.end()
    return tape


def refused() -> HallTape:
    """An employee has no tier; nobody else's data is told, and the screen stays empty."""
    tape = opened()
    tape.ask_for_tier("V1", person=EMPLOYEE)
    tape.refused("V1 9802", "仅城乡居民可变更缴费档次")
    tape.answer("V1", "refused", reason="platform-refused", prompt="医保平台拒绝 / refused")
    tape.screen("S1")
    tape.end()
    return tape


def _certificate(visitor: Sale) -> dict[str, str]:
    return {"psn_no": visitor.person.psn_no, "mdtrt_cert_type": "01", "mdtrt_cert_no": visitor.token}


def _insured(person: int) -> dict[str, str]:
    who = PEOPLE[person]
    return {
        "balc": f"{who.balance_fen // 100}.{who.balance_fen % 100:02d}",
        "insutype": who.insutype,
        "psn_type": "11",
        "psn_insu_stas": "1",
        "psn_insu_date": "2010-01-01",
        "cvlserv_flag": "0",
        "insuplc_admdvs": who.insured_place,
    }


def _shown(person: int) -> dict[str, object]:
    told = _insured(person)
    return {
        "insutype": told["insutype"],
        "name": "医保",
        "status": "1",
        "place": told["insuplc_admdvs"],
        "since": told["psn_insu_date"],
        "balance": told["balc"],
    }
