"""What the terminal library (动态库) of an institution asks: decode a scan, face check, ID card, show the result.

What it asks of Alipay's IoT box is in `iot_box`. Events: token-issued, code-refused, face-begun, face-refused,
card-read, library-refused, settle-notified.
"""

from collections.abc import Mapping
from functools import cache

from fixtures.people_register import Insurance
from fixtures.population import Institution, Person, VoucherState
from harness.gm import sm3
from harness.money import Fen
from harness.wire import voucher_messages as messages
from harness.wire.fields import is_absent, is_object
from harness.wire.institution import amount
from harness.wire.voucher import MARK, ScanKind, scan_kind
from simulators.voucher_centre.activation import prompted
from simulators.voucher_centre.codes import CodeRefused
from simulators.voucher_centre.faces import FaceAuth
from simulators.voucher_centre.iot_box import IotBox
from simulators.voucher_centre.office import Answer, Body, Office, done
from simulators.voucher_centre.refusal import RefusedError
from simulators.voucher_centre.terminal import Ending, Presented, Thing
from simulators.voucher_centre.vouchers import Voucher

FACE_CHANNEL = "nhsa-app"
"""The channel that an identity by face bears; own choice."""


class LibraryCalls:
    """The institution side of one case's centre."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._box = IotBox(office)

    async def handle(self, name: str, body: Body) -> Answer:
        """Answer one call. Raises RefusedError; CancelledError when the case is over."""
        institution = self._office.register.institution(body["orgId"])
        if institution is None:
            raise RefusedError("invalid-request", f"orgId {body['orgId']!r} is no designated institution")
        data = body["data"]
        assert is_object(data)
        try:
            found = await self._found(name, institution, data)
        except RefusedError as error:
            if name != messages.QR_QUERY:
                self._office.tell("library-refused", call=name, institution=institution.code, why=error.why)
            raise
        return done(body, found, data_as=self._office.settings.data_as)

    async def _found(self, name: str, institution: Institution, data: Body) -> Answer:
        match name:
            case messages.QR_QUERY:
                return self._decode(str(data[self._office.settings.code_field]), institution)
            case messages.TERMINAL_SCAN:
                return self._decode(await self._presented(institution, Thing.CODE), institution)
            case messages.FACE_START:
                return self._begin_face(institution, data)
            case messages.FACE_CHECK:
                return await self._check_face(institution, data)
            case messages.BOX_SCAN:
                return await self._by_box(institution, data)
            case messages.BOX_RESULT:
                return await self._box.show_result(institution, data)
            case messages.READ_CARD:
                return self._card(await self._presented(institution, Thing.CARD), institution)
            case _:
                return await self._show_result(institution, data)

    # --- codes ---

    def _decode(self, digits: str, institution: Institution) -> Answer:
        if scan_kind(digits) is not ScanKind.VOUCHER:
            raise self._code_refused(digits, "unknown" if digits.startswith(MARK) else "wrong-kind")
        code = self._office.codes.spend(digits, now_ns=self._office.clock.now_ns())
        if isinstance(code, CodeRefused):
            raise self._code_refused(digits, code.why)
        return self._identified(code.person, institution, code.channel, digits)

    async def _by_box(self, institution: Institution, data: Body) -> Answer:
        shown = await self._box.gain(institution, data)
        if shown.thing is Thing.CODE:
            found = self._decode(shown.text, institution)
        else:
            person = self._owner(shown, f"outBizNo {data['outBizNo']}")
            found = self._by_face(person, institution, self._box.channel)
        self._box.identified(institution, data, str(found["idNo"]))
        return {**found, "outBizNo": data["outBizNo"]}

    def _code_refused(self, digits: str, why: str) -> RefusedError:
        self._office.tell("code-refused", digits=digits, code=str(messages.return_codes()[why].code), why=why)
        return RefusedError(why)

    def _identified(
        self,
        person: Person,
        institution: Institution,
        channel: str,
        digits: str,
        *,
        by_face: bool = False,
        auth_no: str = "",
    ) -> Answer:
        office = self._office
        place = office.vouchers.of(person).place or person.insured_place
        token = office.tokens.issue(
            person,
            institution.code,
            digits,
            now_ns=office.clock.now_ns(),
            place=place,
            by_face=by_face,
            channel="" if by_face else channel,
        )
        office.tell(
            "token-issued",
            token=token.text,
            id_no=person.id_no,
            institution=institution.code,
            digits=digits,
            expires_ns=token.expires_ns,
        )
        return messages.Identity(
            id_no=person.id_no,
            name=person.name,
            token=token.text,
            insured_place=place,
            index_no=_index_number(person.id_no),
            gender=messages.GENDER_TEXT[person.gender],
            birthday=person.birthday.replace("-", "."),
            channel=channel,
            code=digits,
            auth_no=auth_no,
        ).to_wire()

    async def _presented(self, institution: Institution, thing: Thing) -> str:
        found = await self._office.terminals.take(institution.code, thing)
        if isinstance(found, Ending):
            raise RefusedError(found.value)
        if found.fault is not None:
            raise RefusedError(found.fault.value)
        return found.text

    # --- faces ---

    def _begin_face(self, institution: Institution, data: Body) -> Answer:
        business_number = str(data["outBizNo"])
        auth = self._office.faces.begin(institution, business_number, now_ns=self._office.clock.now_ns())
        if auth is None:
            raise RefusedError("business-number-repeated", "outBizNo")
        self._office.tell("face-begun", auth=auth.number, institution=institution.code, out_biz_no=business_number)
        return {"authNo": auth.number, "outBizNo": business_number, "extData": data.get("extData")}

    async def _check_face(self, institution: Institution, data: Body) -> Answer:
        auth = self._waiting(institution, data)
        shown = await self._face(institution)
        auth = self._waiting(institution, data)  # another call may have had its identity meanwhile
        person = self._owner(shown, auth.number)
        found = self._by_face(person, institution, FACE_CHANNEL, auth_no=auth.number)
        auth.person = person
        return found

    def _waiting(self, institution: Institution, data: Body) -> FaceAuth:
        auth = self._office.faces.waiting(
            str(data["authNo"]), institution.code, str(data["outBizNo"]), now_ns=self._office.clock.now_ns()
        )
        if auth is None:
            raise RefusedError("auth-invalid", "authNo")
        return auth

    def _owner(self, shown: Presented, auth: str) -> Person:
        """Whose face was shown, if they are who they say."""
        register = self._office.register
        person = register.person(shown.text)
        why = "face-mismatch" if person is None else register.face_problem(person, shown.face_of)
        if person is None or why:
            self._office.tell("face-refused", auth=auth, why=why)
            raise prompted(why)
        return person

    def _by_face(self, person: Person, institution: Institution, channel: str, *, auth_no: str = "") -> Answer:
        office = self._office
        voucher = self._usable(person)
        code = office.codes.issue(person, min(voucher.channels, default=FACE_CHANNEL), now_ns=office.clock.now_ns())
        office.codes.spend(code.digits, now_ns=office.clock.now_ns())
        return self._identified(person, institution, channel, code.digits, by_face=True, auth_no=auth_no)

    async def _face(self, institution: Institution) -> Presented:
        """The face before the camera; a terminal on the bench waits for it."""
        office = self._office
        shown = office.terminals.taken(institution.code, Thing.FACE)
        if shown is None and office.terminal.there:
            found = await office.terminals.take(institution.code, Thing.FACE)
            if found is Ending.CANCELLED:
                raise RefusedError(found.value)
            shown = found if isinstance(found, Presented) else None
        if shown is None:
            raise RefusedError("face-not-shown")
        return shown

    def _usable(self, person: Person) -> Voucher:
        voucher = self._office.vouchers.of(person)
        if voucher.state is not VoucherState.ACTIVE or not voucher.channels:
            raise RefusedError("not-activated")
        return voucher

    # --- cards ---

    def _card(self, id_no: str, institution: Institution) -> Answer:
        """What an ID card says, and whether its owner's voucher pays with it; no token (own design)."""
        office = self._office
        person = office.register.person(id_no)
        if person is None:
            raise RefusedError("person-unknown")
        office.tell("card-read", id_no=person.id_no, institution=institution.code)
        record = office.register.record(person)
        return {
            "idNo": person.id_no,
            "idType": messages.RESIDENT_ID,
            "userName": person.name,
            "gender": messages.GENDER_TEXT[person.gender],
            "birthday": person.birthday.replace("-", "."),
            "insuOrg": office.vouchers.of(person).place if record.insurance is Insurance.VALID else "",
            "activated": office.vouchers.of(person).state is VoucherState.ACTIVE,
        }

    # --- the result on the terminal ---

    async def _show_result(self, institution: Institution, data: Body) -> Answer:
        office = self._office
        person = office.faces.used(str(data["authNo"]), institution.code)
        if person is None or (person.id_no, person.name) != (data["idNo"], data["userName"]):
            raise RefusedError("auth-invalid", "authNo, idNo, userName")
        if not is_absent(data.get("drugList")) and (problems := messages.check_drug_list(str(data["drugList"]))):
            raise RefusedError("invalid-request", "；".join(str(problem) for problem in problems))
        amounts = {name: fen_of(data, name) for name in ("totalFee", "hifAmt", "acctAmt", "ownAmt")}
        total, fund, account, own = amounts.values()
        settled = data["medicalSettleState"] == "SUCCESS"
        office.tell(
            "settle-notified",
            auth=str(data["authNo"]),
            id_no=person.id_no,
            institution=institution.code,
            state=str(data["medicalSettleState"]),
            total_fen=total,
            fund_fen=fund,
            account_fen=account,
            own_fen=own,
            differs_fen=total - fund - account - own if settled else 0,
        )
        await self._put_on_screen(institution, data)
        return {"outBizNo": data["outBizNo"]}

    async def _put_on_screen(self, institution: Institution, data: Body) -> None:
        office = self._office
        if not office.terminal.there:
            return
        shown = {name: data.get(name, "") for name in messages.ON_SCREEN}
        if not await office.terminal.post(messages.PUSH_SCREEN_PATH, {"orgId": institution.code, **shown}):
            office.tell("screen-undelivered", institution=institution.code)


@cache
def _index_number(id_no: str) -> str:
    """ecIndexNo of a person; it never changes."""
    return sm3(f"ecIndexNo {id_no}".encode()).hex()[:32]


def fen_of(data: Mapping[str, object], name: str) -> Fen:
    """An amount in fen; nothing given is zero."""
    return Fen(0) if is_absent(data.get(name)) else amount(data[name])
