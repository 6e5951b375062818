"""Family accounts (医保亲情账户): one person shows a bound member's code.

A member is bound by ID number after the consent page, and by face when under sixteen. A child without a voucher gets it
with the binding (assumed); a grown member must have activated theirs. A holder whose voucher has lapsed neither binds
nor shows (assumed). Events: family-bound, family-unbound, family-refused.
"""

from fixtures.people_register import Insurance, Police
from fixtures.population import Person, VoucherState
from harness.clock import Clock, local_time
from harness.line.record import JsonValue
from simulators.voucher_centre.activation import prompted
from simulators.voucher_centre.people import Register, age_at
from simulators.voucher_centre.refusal import RefusedError, required
from simulators.voucher_centre.vouchers import Tell, VoucherBook


class Families:
    """All family accounts of one case."""

    def __init__(self, register: Register, vouchers: VoucherBook, clock: Clock, *, face_below: int, tell: Tell) -> None:
        self._register = register
        self._vouchers = vouchers
        self._clock = clock
        self._face_below = face_below
        self._tell = tell
        self._members: dict[str, dict[str, Person]] = {}

    def bound(self, holder: Person, id_no: object) -> Person | None:
        """The member of a holder's account with an ID number."""
        return self._members.get(holder.id_no, {}).get(id_no) if isinstance(id_no, str) else None

    def handle(self, holder: Person, body: dict[str, object]) -> dict[str, object]:
        """Bind, unbind or list. Raises RefusedError, and leaves an event of it."""
        try:
            match body["action"]:
                case "bind":
                    self._bind(holder, body)
                case "unbind":
                    self._unbind(holder, required(body, "memberIdNo"))
                case _:
                    pass
        except RefusedError as error:
            self._tell("family-refused", holder=holder.id_no, member=str(body.get("memberIdNo") or ""), why=error.why)
            raise
        members = self._members.get(holder.id_no, {}).values()
        return {"members": [{"memberIdNo": member.id_no, "memberName": member.name} for member in members]}

    def state(self) -> list[JsonValue]:
        """Every binding, for the back door."""
        return [{"holder": holder, "members": list(members)} for holder, members in self._members.items() if members]

    def _bind(self, holder: Person, body: dict[str, object]) -> None:
        if self._vouchers.of(holder).state is not VoucherState.ACTIVE:
            raise RefusedError("not-activated", "idNo")
        if body.get("agreed") is not True:
            raise RefusedError("step-skipped", "agreed", {"missing": "consent"})
        member = self._register.person(required(body, "memberIdNo"))
        if (
            member is None
            or member.name != required(body, "memberName")
            or self._register.record(member).police is not Police.REGISTERED
        ):
            raise prompted("identity-not-in-police-register")
        if member == holder:
            raise RefusedError("invalid-request", "memberIdNo: another person expected")
        is_child = age_at(member, local_time(self._clock)) < self._face_below
        if is_child:
            if not body.get("faceOf"):
                raise RefusedError("step-skipped", "faceOf", {"missing": "face"})
            if problem := self._register.face_problem(member, body["faceOf"]):
                raise prompted(problem)
        if self._register.record(member).insurance is Insurance.NONE:
            raise prompted("no-insurance-record")
        chnl = str(body["chnlId"])
        voucher = self._vouchers.of(member)
        if is_child and self._vouchers.issue(member):
            voucher.place = self._register.record(member).places[0]
            voucher.channels.add(chnl)
            self._tell("voucher-issued", id_no=member.id_no, chnl=chnl)
            self._tell("activated", id_no=member.id_no, chnl=chnl, newly=True, by=holder.id_no)
        if voucher.state is not VoucherState.ACTIVE:
            raise RefusedError("not-activated", "memberIdNo")
        self._members.setdefault(holder.id_no, {})[member.id_no] = member
        self._tell(
            "family-bound",
            holder=holder.id_no,
            member=member.id_no,
            chnl=chnl,
            by="face" if is_child else "id-number",
        )

    def _unbind(self, holder: Person, id_no: str) -> None:
        if self._members.get(holder.id_no, {}).pop(id_no, None) is None:
            raise RefusedError("member-not-bound")
        self._tell("family-unbound", holder=holder.id_no, member=id_no)
