"""What the voucher centre does with each message: who answers it, and payments; doors and bytes are in `app`.

Every decision leaves an event on the tape: code-issued, code-refused, token-issued, payment-confirmed,
payment-not-confirmed (and prompt-undelivered when the phone could not be reached; the prompt stays open all the same);
those of channels and of the terminal library are named in `channel_calls`, `activation` and `library_calls`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from fixtures.population import Institution, Person, VoucherState
from harness.clock import Clock
from harness.line.record import JsonValue
from harness.line.tape import Tape
from harness.money import format_yuan
from harness.wire.institution import amount
from harness.wire.voucher_messages import LIBRARY_CALLS, PAY_ANSWER, PAY_CONFIRM, PUSH_PROMPT_PATH, TOKEN_CHECK, check
from simulators.voucher_centre.channel_calls import ChannelCalls
from simulators.voucher_centre.library_calls import LibraryCalls
from simulators.voucher_centre.moments import spell_moment
from simulators.voucher_centre.office import Answer, Body, Books, done, open_office, refusal
from simulators.voucher_centre.prompts import Prompt, Prompts, Result
from simulators.voucher_centre.refusal import RefusedError
from simulators.voucher_centre.settings import PasswordAt, VoucherCentreSettings
from simulators.voucher_centre.terminal import TerminalLine, read_presented
from simulators.voucher_centre.tokens import Token

Push = Callable[[Body], Awaitable[bool]]


class AbandonedError(Exception):
    """The case ended while a request was held; nobody is to be answered any more."""


class Centre:
    """One case's centre; `push` sends a prompt to the phone and tells whether it arrived.

    `lengths` are of members of a library call that may be longer in the province than the nation allows.
    """

    books: ClassVar[Books] = Books()
    channels: ClassVar[type[ChannelCalls]] = ChannelCalls
    library: ClassVar[type[LibraryCalls]] = LibraryCalls

    def __init__(
        self,
        settings: VoucherCentreSettings,
        *,
        clock: Clock,
        tape: Tape,
        seed: int,
        name: str,
        push: Push,
        terminal: TerminalLine,
        lengths: Mapping[str, int],
    ) -> None:
        self._settings = settings
        self._lengths = lengths
        self._clock = clock
        self._push = push
        self._office = open_office(
            settings, clock=clock, tape=tape, seed=seed, name=name, terminal=terminal, books=self.books
        )
        self._channels = self.channels(self._office)
        self._library = self.library(self._office)
        self._prompts = Prompts(
            clock,
            self._office.vouchers.check_password,
            life_s=settings.password_s,
            attempts=settings.password_attempts,
            seed=seed,
            name=self._office.drawn_by,
        )
        self._over = False

    async def handle(self, name: str, body: Body) -> Answer:
        """Answer one message. Raises AbandonedError when the case ended meanwhile."""
        problems = check(name, body, code_field=self._settings.code_field, lengths=self._lengths)
        if problems:
            return refusal("invalid-request", body, "；".join(str(problem) for problem in problems))
        try:
            return await self._answered(name, body)
        except RefusedError as error:
            return refusal(error.why, body, error.detail, error.more)
        except asyncio.CancelledError:
            if self._over:
                raise AbandonedError from None
            raise

    async def _answered(self, name: str, body: Body) -> Answer:
        if name in LIBRARY_CALLS:
            return await self._library.handle(name, body)
        match name:
            case _ if name == TOKEN_CHECK:
                return self._token_check(body)
            case _ if name == PAY_CONFIRM:
                return await self._pay_confirm(body)
            case _ if name == PAY_ANSWER:
                return self._pay_answer(body)
            case _:
                return self._channels.handle(name, body)

    def malformed(self, why: str) -> Answer:
        """The answer to a body that is no JSON object."""
        return refusal("invalid-request", {}, why)

    def open_prompts(self) -> list[Answer]:
        """The prompts that wait for an answer, as a keypad and the phone get them."""
        return [_as_pushed(prompt) for prompt in self._prompts.listed()]

    def present(self, body: Body) -> Answer:
        """Somebody holds something before an institution's terminal."""
        institution = self._office.register.institution(body.get("orgId"))
        if institution is None:
            return refusal("invalid-request", body, "orgId is no designated institution")
        try:
            self._office.terminals.present(institution.code, read_presented(body))
        except ValueError as error:
            return refusal("invalid-request", body, f"{error}")
        self._office.tell("presented", institution=institution.code, thing=str(body["kind"]))
        return done(body, {})

    def cancel(self, body: Body) -> Answer:
        """Somebody presses cancel at an institution's terminal."""
        return done(body, {"cancelled": self._office.terminals.cancel(str(body.get("orgId") or ""))})

    async def asked(self, institution: str, *, since: int) -> Answer:
        """What calls wait for at an institution's terminal, once the terminals have left state `since`."""
        terminals = self._office.terminals
        if since == terminals.bell.rung:
            await terminals.bell.wait(since=since)
        things = [thing.value for thing in terminals.asked(institution)]
        return done({"orgId": institution}, {"asked": things, "state": terminals.bell.rung})

    def text_message(self, activation: object) -> Answer:
        """The SMS that a person got during an activation."""
        return done({}, {"smsCode": self._office.activations.text_message(activation)})

    def abandon(self) -> None:
        """The case is over."""
        self._over = True
        self._prompts.abandon()
        self._office.terminals.abandon()

    def state(self) -> dict[str, JsonValue]:
        """The books and open prompts, for the back door."""
        return {
            **self._office.state(),
            "prompts": [
                {"prompt": p.id, "id_no": p.person.id_no, "amount": p.amount, "msgid": p.msgid}
                for p in self._prompts.listed()
            ],
        }

    def _token_check(self, body: Body) -> Answer:
        token = self._office.tokens.valid(body["ecToken"], now_ns=self._clock.now_ns(), institution=body.get("orgId"))
        claims = {"idNo": token.person.id_no, "userName": token.person.name} if token else {}
        belongs = bool(token) and all(body.get(field) in {None, "", claim} for field, claim in claims.items())
        if token is None or not belongs:
            return done(body, {"flag": "0", "userName": str(body.get("userName") or "")})
        answer: Answer = {"flag": "1", "userName": token.person.name}
        if not body.get("idNo"):
            answer["idNo"] = token.person.id_no  # own design: the platform may ask who a token is
        return done(body, answer)

    # --- payments ---

    async def _pay_confirm(self, body: Body) -> Answer:
        institution = self._office.register.institution(body["orgId"])
        total, account = amount(body["amount"]), amount(body["accountAmount"])
        if not 0 <= account <= total:
            raise RefusedError("invalid-request", "accountAmount: not below zero and not above amount")
        person, token = self._payer(body)
        if person is None or institution is None:
            raise RefusedError("token-invalid")
        if self._settings.password is PasswordAt.MOCK:
            return self._paid(body, token, person, Result.CONFIRMED, prompt_id="", confirm_no="MOCK")
        if token is not None and token.by_face and self._settings.face_confirms:
            return self._paid(body, token, person, Result.CONFIRMED, prompt_id="", confirm_no="FACE")
        voucher = self._office.vouchers.of(person)
        if (locked := self._office.vouchers.is_locked(voucher)) or not voucher.password:
            reason = "password-locked" if locked else "password-not-set"
            return self._paid(body, token, person, Result.WRONG_PASSWORD, prompt_id="", reason=reason)
        prompt = self._opened(person, institution, body)
        if not await self._asked(prompt, by_card=token is None) and not self._over:
            self._office.tell("prompt-undelivered", prompt=prompt.id, id_no=prompt.person.id_no)
        try:
            result = await prompt.ended
        except asyncio.CancelledError:
            if prompt.ended.cancelled():
                raise AbandonedError from None
            raise
        return self._paid(body, token, person, result, prompt_id=prompt.id, confirm_no=prompt.confirm_no)

    async def _asked(self, prompt: Prompt, *, by_card: bool) -> bool:
        """Whether the prompt reached where the password is typed: after an ID card that is the terminal, if any."""
        terminal, at = self._office.terminal, self._settings.password
        if terminal.there and (by_card or at is PasswordAt.TERMINAL):
            return await terminal.post(PUSH_PROMPT_PATH, {**_as_pushed(prompt), "orgId": prompt.institution})
        return at is not PasswordAt.PHONE or await self._push(_as_pushed(prompt))

    def _payer(self, body: Body) -> tuple[Person | None, Token | None]:
        """Who pays: the person of a token, or of an ID card (own design) if their voucher is activated."""
        if body.get("ecToken"):
            token = self._office.tokens.valid(body["ecToken"], now_ns=self._clock.now_ns(), institution=body["orgId"])
            return (token.person if token else None), token
        person = self._office.register.person(body.get("idNo"))
        if person is None or person.name != body.get("userName"):
            raise RefusedError("invalid-request", "ecToken, or idNo with userName, expected")
        voucher = self._office.vouchers.of(person)
        if voucher.state is not VoucherState.ACTIVE or not voucher.channels:
            raise RefusedError("not-activated")
        return person, None

    def _paid(
        self,
        body: Body,
        token: Token | None,
        person: Person,
        result: Result,
        *,
        prompt_id: str,
        confirm_no: str = "",
        reason: str = "",
    ) -> Answer:
        confirmed, single_use = result is Result.CONFIRMED, self._settings.token_single_use
        if confirmed and token is not None and single_use and not self._office.tokens.has(token):
            raise RefusedError("token-invalid")  # another payment, asked for at the same time, has used it
        more = {"reason": reason} if reason else {}
        paid_in = {"chnlId": token.channel} if confirmed and token is not None and token.channel else {}
        name = "payment-confirmed" if confirmed else "payment-not-confirmed"
        self._office.tell(name, prompt=prompt_id, id_no=person.id_no, result=result.value, **more)
        if confirmed and token is not None and single_use:
            self._office.tokens.end(token)
        return done(body, {"result": result.value, "confirmNo": confirm_no if confirmed else "", **paid_in, **more})

    def _opened(self, person: Person, institution: Institution, body: Body) -> Prompt:
        return self._prompts.open(
            person,
            institution=institution.code,
            institution_name=str(body["institutionName"]),
            amount=format_yuan(amount(body["amount"])),
            account_amount=format_yuan(amount(body["accountAmount"])),
            msgid=str(body["msgid"]),
        )

    def _pay_answer(self, body: Body) -> Answer:
        declined = body.get("declined") is True
        if not declined and not body.get("proof"):
            raise RefusedError("invalid-request", "proof, or declined: true, expected")
        answered = self._prompts.answer(body["promptId"], proof=body.get("proof"), declined=declined)
        if answered is None:
            raise RefusedError("prompt-closed")
        result, attempts_left = answered
        return done(body, {"result": result.value, "attemptsLeft": attempts_left})


def _as_pushed(prompt: Prompt) -> Answer:
    return {
        "promptId": prompt.id,
        "idNo": prompt.person.id_no,
        "amount": prompt.amount,
        "accountAmount": prompt.account_amount,
        "institutionName": prompt.institution_name,
        "expiresAt": spell_moment(prompt.expires_ns),
    }
