"""The codes on everybody's screens: made by the centre or the phone, drawn, and recorded on the tape when shown.

Each request for a picture or for the digits leaves one `code-shown` event, or one `code-not-shown` that says why. Of a
family member's code `person` is the member, whom it identifies, and `holder` who shows it.
"""

from fixtures.channels import Channel
from fixtures.population import Person, VoucherState
from harness.bench.plugin import SimulatorContext
from harness.gm import sm3
from harness.wire.voucher import issuing_key
from simulators.phone import texts
from simulators.phone.centre import Centre, CentreRefusalError, CentreUnavailableError
from simulators.phone.codes import Code, CodeKey, CodeKind, Codes, pay_code, phone_made_code
from simulators.phone.family import Family
from simulators.phone.pictures import picture
from simulators.phone.requests import Wish
from simulators.phone.settings import Issuer, PhoneSettings

DIGITS = "digits"
"""The format of a shown code that is no picture but its digits."""


class Screens:
    """All codes of one case; without a centre the phone makes them itself."""

    def __init__(
        self, context: SimulatorContext, settings: PhoneSettings, centre: Centre | None, family: Family, *, seed: int
    ) -> None:
        self._context = context
        self._family = family
        self._settings = settings
        self._centre = centre
        self._codes = Codes(f"{seed}/{context.name}")
        self._key = issuing_key(seed)

    @property
    def issuer(self) -> Issuer:
        """Who makes the digits now."""
        return Issuer.PHONE if self._centre is None else self._settings.issuer

    @property
    def codes_on_show(self) -> int:
        """How many codes have been asked for and stay until they are due."""
        return len(self._codes)

    async def show(self, person: Person, wish: Wish) -> tuple[Code, bytes]:
        """The wished code and its picture (PNG). Raises Refusal when there is none to show."""
        code = await self._code(person, wish)
        png = picture(code.digits, wish.format, self._settings.scale)
        self._record(person, wish, code, shown=wish.format.value, image_sm3=sm3(png).hex())
        return code, png

    async def tell(self, person: Person, wish: Wish) -> Code:
        """The wished code without a picture, as someone who reads the digits aloud. Raises Refusal."""
        code = await self._code(person, wish)
        self._record(person, wish, code, shown=DIGITS, image_sm3="")
        return code

    async def _code(self, person: Person, wish: Wish) -> Code:
        member = wish.member
        key = CodeKey(
            person=person.id, chnl=wish.channel.id, kind=wish.kind, member="" if member is None else member.id
        )

        async def make() -> Code:
            return await self._make(key, person, wish.channel, member)

        try:
            if member is not None and member not in await self._family.members(person, wish.channel):
                self._codes.forget(key)
                raise self._not_bound(person, member)
            return await self._codes.current(key, self._context.clock, fresh=wish.fresh, make=make)
        except texts.Refusal as refusal:
            more = {} if member is None else {"member": member.id}
            self._context.tape.event(
                self._context.name, "code-not-shown", person=person.id, chnl=wish.channel.id, why=refusal.name, **more
            )
            raise

    def _not_bound(self, person: Person, member: Person) -> texts.Refusal:
        if self._centre is None:
            return texts.centre_unavailable("none is connected")
        return texts.member_not_bound(person, member)

    async def _make(self, key: CodeKey, person: Person, channel: Channel, member: Person | None) -> Code:
        now_ns = self._context.clock.now_ns()
        if key.kind is CodeKind.PAY:
            return pay_code(self._codes.draw(key), now_ns=now_ns)
        if self._centre is None or (self.issuer is Issuer.PHONE and member is None):  # a binding is the centre's to say
            if person.voucher is VoucherState.NONE:  # as it was when the phone was last in touch with the centre
                raise texts.not_activated(person, channel)
            return phone_made_code(
                self._key,
                person,
                channel.id,
                now_ns=now_ns,
                refresh_s=self._settings.refresh_s,
                validity_s=self._settings.validity_s,
            )
        try:
            return await self._centre.fetch_code(person, channel.id, now_ns=now_ns, member=member)
        except CentreRefusalError as refusal:
            if refusal.not_activated:
                raise texts.not_activated(member or person, channel) from refusal
            if refusal.member_not_bound and member is not None:
                self._codes.forget(key)
                raise texts.member_not_bound(person, member) from refusal
            raise texts.centre_refused(refusal.code, refusal.message) from refusal
        except CentreUnavailableError as error:
            raise texts.centre_unavailable(str(error)) from error

    def _record(self, person: Person, wish: Wish, code: Code, *, shown: str, image_sm3: str) -> None:
        whose = wish.member or person
        self._context.tape.event(
            self._context.name,
            "code-shown",
            person=whose.id,
            id_no=whose.id_no,
            chnl=wish.channel.id,
            digits=code.digits,
            kind=wish.kind.value,
            format=shown,
            issued_ns=code.issued_ns,
            expires_ns=code.expires_ns,
            image_sm3=image_sm3,
            **({} if wish.member is None else {"holder": person.id}),
        )
