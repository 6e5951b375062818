"""What channels ask the centre: codes, the state of a voucher, activation, passwords, places, families, promoters.

All of it is own design: that part of the specification is not public. `faceOf` stands in for a picture: the ID number
of whoever is before the camera.
"""

from fixtures.people_register import Insurance
from fixtures.population import Person, VoucherState
from harness.wire import voucher_messages as messages
from simulators.voucher_centre.activation import prompted
from simulators.voucher_centre.codes import IssuedCode
from simulators.voucher_centre.moments import spell_moment
from simulators.voucher_centre.office import Answer, Body, Office, done
from simulators.voucher_centre.refusal import RefusedError, required
from simulators.voucher_centre.vouchers import Verdict


class ChannelCalls:
    """The channel side of one case's centre."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def handle(self, name: str, body: Body) -> Answer:
        """Answer one call. Raises RefusedError."""
        match name:
            case messages.QRCODE:
                return self._code(body)
            case messages.STATE:
                return done(body, self._state(self._known(body)))
            case messages.ACTIVATE:
                return done(body, self._office.activations.take(dict(body)))
            case messages.PASSWORD:
                return self._password(body)
            case messages.PLACE:
                return self._place(body)
            case messages.FAMILY:
                return done(body, self._family(self._active(body), body))
            case messages.PROMOTER:
                return done(body, self._office.promotion.handle(dict(body)))
            case messages.ORG_CODE:
                return self._own_code(body)
            case _:
                return self._own_code_owner(body)

    def _known(self, body: Body) -> Person:
        person = self._office.register.person(body["idNo"])
        if person is None or person.name != body["userName"]:
            raise RefusedError("person-unknown")
        if body["chnlId"] not in self._office.register.channels:
            raise RefusedError("invalid-request", f"chnlId {body['chnlId']!r} is no channel")
        return person

    def _active(self, body: Body) -> Person:
        """The person, if their voucher can be shown in the channel; a lapsed one can, and is refused when decoded."""
        person = self._known(body)
        voucher = self._office.vouchers.of(person)
        if body["chnlId"] in voucher.unfinished:
            raise RefusedError("activation-unfinished")
        if voucher.state is VoucherState.NONE:
            raise RefusedError("not-activated")
        if body["chnlId"] not in voucher.channels:
            raise RefusedError("channel-not-activated")
        return person

    # --- codes ---

    def _code(self, body: Body) -> Answer:
        try:
            return self._shown(body)
        except RefusedError as error:
            more = {"member": str(body["memberIdNo"])} if body.get("memberIdNo") else {}
            self._office.tell("show-refused", id_no=str(body["idNo"]), chnl=str(body["chnlId"]), why=error.why, **more)
            raise

    def _shown(self, body: Body) -> Answer:
        holder = person = self._active(body)
        if body.get("memberIdNo"):
            if self._office.vouchers.of(holder).state is not VoucherState.ACTIVE:  # the code would not tell who lapsed
                raise RefusedError("not-activated")
            member = self._office.families.bound(holder, body["memberIdNo"])
            if member is None:
                raise RefusedError("member-not-bound")
            person = member
        warning = self._warning(person)
        code = self._issued(person, holder, str(body["chnlId"]))
        settings = self._office.settings
        return done(
            body,
            {
                "ecQrCode": code.digits,
                "issuedAt": spell_moment(code.issued_ns),
                "validSeconds": settings.validity_s,
                "refreshSeconds": settings.refresh_s,
                **warning,
            },
        )

    def _issued(self, person: Person, holder: Person, channel: str) -> IssuedCode:
        office = self._office
        code = office.codes.issue(person, channel, now_ns=office.clock.now_ns())
        if person != holder:
            office.codes.shown_by(holder, code)
        by = {} if person == holder else {"holder": holder.id_no}
        office.tell(
            "code-issued",
            digits=code.digits,
            id_no=person.id_no,
            chnl=code.channel,
            issued_ns=code.issued_ns,
            expires_ns=code.expires_ns,
            **by,
        )
        return code

    def _warning(self, person: Person) -> Answer:
        """What the app shows beside the code of a person without a valid record. Raises RefusedError without a place.

        With a chosen place offline use still works (Pingluo notice, annex 4, note 3).
        """
        record = self._office.register.record(person)
        if record.insurance is Insurance.VALID:
            return {}
        refused = prompted("no-valid-insurance-on-show", {"places": list(record.places)})
        if not self._office.vouchers.of(person).place:
            raise refused
        self._office.tell("shown-without-valid-record", id_no=person.id_no)
        return refused.more

    # --- the voucher ---

    def _state(self, person: Person) -> Answer:
        office = self._office
        voucher, record = office.vouchers.of(person), office.register.record(person)
        return {
            "state": voucher.state.value,
            "channels": sorted(voucher.channels),
            "unfinished": sorted(voucher.unfinished),
            "passwordSet": bool(voucher.password),
            "locked": office.vouchers.is_locked(voucher),
            "insuOrg": voucher.place,
            "places": list(record.places),
        }

    def _password(self, body: Body) -> Answer:
        office, person = self._office, self._active(body)
        given, voucher = str(body["password"]), office.vouchers.of(person)
        match body["action"]:
            case "set" if voucher.password:
                raise RefusedError("invalid-request", "action: change or reset, a password is set")
            case "set":
                office.vouchers.set_password(person, given)
            case "change":
                self._right(person, required(body, "oldPassword"))
                office.vouchers.set_password(person, given)
            case "reset":
                if problem := office.register.face_problem(person, body.get("faceOf")):
                    raise prompted(problem)
                office.vouchers.set_password(person, given)
            case _:
                self._right(person, given)
        return done(body, self._state(person))

    def _right(self, person: Person, given: str) -> None:
        match self._office.vouchers.check_password(person, lambda password: password == given):
            case Verdict.RIGHT:
                return
            case Verdict.LOCKED:
                raise RefusedError("password-locked")
            case _:
                raise RefusedError("password-wrong")

    def _place(self, body: Body) -> Answer:
        office, person = self._office, self._active(body)
        office.vouchers.choose_place(person, str(body["insuOrg"]), office.register.record(person).places)
        return done(body, self._state(person))

    def _family(self, holder: Person, body: Body) -> Answer:
        answer = self._office.families.handle(holder, dict(body))
        if body["action"] == "unbind":
            self._office.codes.unbound(holder, str(body["memberIdNo"]))
        return answer

    # --- institutions ---

    def _own_code(self, body: Body) -> Answer:
        institution = self._office.register.institution(body["orgId"])
        if institution is None:
            raise RefusedError("invalid-request", f"orgId {body['orgId']!r} is no designated institution")
        code = self._office.register.own_code(institution)
        self._office.tell("institution-code-given", institution=institution.code, org_code=code)
        return done(body, {"orgCode": code, "orgName": institution.name})

    def _own_code_owner(self, body: Body) -> Answer:
        institution = self._office.register.owner_of(body["orgCode"])
        if institution is None:
            raise RefusedError("unknown", "orgCode")
        return done(body, {"orgId": institution.code, "orgName": institution.name, "admdvs": institution.admdvs})
