"""What the voucher centre does with each message; doors and bytes are in `app`.

Every decision leaves an event on the tape: code-issued, code-refused, token-issued, payment-confirmed,
payment-not-confirmed (and prompt-undelivered when the phone could not be reached; the prompt stays open all the same).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from fixtures.population import Institution, Person, VoucherState
from harness.clock import BEIJING, NS, Clock
from harness.gm import sm3
from harness.line.record import JsonValue
from harness.line.tape import Tape
from harness.money import format_yuan
from harness.wire.fields import is_object
from harness.wire.institution import amount
from harness.wire.voucher import MARK, ScanKind, scan_kind
from harness.wire.voucher_messages import (
    GENDER_TEXT,
    Identity,
    check,
    reply,
    return_codes,
)
from simulators.voucher_centre.codes import CodeBook, CodeRefused
from simulators.voucher_centre.people import Register
from simulators.voucher_centre.prompts import Prompt, Prompts, Result
from simulators.voucher_centre.settings import PasswordAt, VoucherCentreSettings
from simulators.voucher_centre.tokens import TokenBook

Body = Mapping[str, object]
Answer = dict[str, object]
Push = Callable[[Body], Awaitable[bool]]


class AbandonedError(Exception):
    """The case ended while a request was held; nobody is to be answered any more."""


class Centre:
    """One case's centre; `push` sends a prompt to the phone and tells whether it arrived."""

    def __init__(
        self, settings: VoucherCentreSettings, *, clock: Clock, tape: Tape, seed: int, name: str, push: Push
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._tape = tape
        self._name = name
        self._push = push
        self._register = Register()
        self._codes = CodeBook(settings, self._register, seed=seed, name=name)
        self._tokens = TokenBook(life_s=settings.token_s, seed=seed, name=name)
        self._prompts = Prompts(
            clock, life_s=settings.password_s, attempts=settings.password_attempts, seed=seed, name=name
        )
        self._over = False

    async def handle(self, name: str, body: Body) -> Answer:
        """Answer one message. Raises AbandonedError when the case ended meanwhile."""
        problems = check(name, body, code_field=self._settings.code_field)
        if problems:
            return self._refusal("invalid-request", body, "；".join(str(problem) for problem in problems))
        match name:
            case "ec.query":
                return self._query(body)
            case "token-check":
                return self._token_check(body)
            case "ec.qrcode":
                return self._qrcode(body)
            case "pay-confirm":
                return await self._pay_confirm(body)
            case _:
                return self._pay_answer(body)

    def malformed(self, why: str) -> Answer:
        """The answer to a body that is no JSON object."""
        return self._refusal("invalid-request", {}, why)

    def open_prompts(self) -> list[Answer]:
        """The prompts that wait for an answer, as a keypad and the phone get them."""
        return [_as_pushed(prompt) for prompt in self._prompts.listed()]

    def abandon(self) -> None:
        """The case is over."""
        self._over = True
        self._prompts.abandon()

    def state(self) -> dict[str, JsonValue]:
        """People, codes, tokens and open prompts, for the back door."""
        return {
            "people": [
                {"id": p.id, "id_no": p.id_no, "name": p.name, "voucher": p.voucher.value}
                for p in self._register.people
            ],
            "codes": self._codes.state(),
            "tokens": self._tokens.state(),
            "prompts": [
                {"prompt": p.id, "id_no": p.person.id_no, "amount": p.amount, "msgid": p.msgid}
                for p in self._prompts.listed()
            ],
        }

    def _query(self, body: Body) -> Answer:
        data = body["data"]
        assert is_object(data)
        digits = str(data[self._settings.code_field])
        institution = self._register.institution(body["orgId"])
        if institution is None:
            return self._refusal("invalid-request", body, f"orgId {body['orgId']!r} is no designated institution")
        if scan_kind(digits) is not ScanKind.VOUCHER:
            return self._code_refused(digits, "unknown" if digits.startswith(MARK) else "wrong-kind", body)
        now_ns = self._clock.now_ns()
        code = self._codes.spend(digits, now_ns=now_ns)
        if isinstance(code, CodeRefused):
            return self._code_refused(digits, code.why, body)
        person = code.person
        token = self._tokens.issue(person, institution.code, digits, now_ns=now_ns)
        self._event(
            "token-issued",
            token=token.text,
            id_no=person.id_no,
            institution=institution.code,
            digits=digits,
            expires_ns=token.expires_ns,
        )
        identity = Identity(
            id_no=person.id_no,
            name=person.name,
            token=token.text,
            insured_place=person.insured_place,
            index_no=sm3(f"ecIndexNo {person.id_no}".encode()).hex()[:32],
            gender=GENDER_TEXT[person.gender],
            birthday=person.birthday.replace("-", "."),
            channel=code.channel,
            code=digits,
        )
        return reply("ok", institution=institution.code, data=identity.to_wire(), data_as=self._settings.data_as)

    def _code_refused(self, digits: str, why: str, body: Body) -> Answer:
        self._event("code-refused", digits=digits, code=str(return_codes()[why].code), why=why)
        return self._refusal(why, body)

    def _token_check(self, body: Body) -> Answer:
        token = self._tokens.valid(body["ecToken"], now_ns=self._clock.now_ns(), institution=body.get("orgId"))
        claims = {"idNo": token.person.id_no, "userName": token.person.name} if token else {}
        belongs = bool(token) and all(body.get(field) in {None, "", claim} for field, claim in claims.items())
        if token is None or not belongs:
            return self._done(body, {"flag": "0", "userName": str(body.get("userName") or "")})
        answer: Answer = {"flag": "1", "userName": token.person.name}
        if not body.get("idNo"):
            answer["idNo"] = token.person.id_no  # own design: the platform may ask who a token is
        return self._done(body, answer)

    def _qrcode(self, body: Body) -> Answer:
        person = self._register.person(body["idNo"])
        if person is None or person.name != body["userName"]:
            return self._refusal("person-unknown", body)
        if body["chnlId"] not in self._register.channels:
            return self._refusal("invalid-request", body, f"chnlId {body['chnlId']!r} is no channel")
        if person.voucher is VoucherState.NONE:
            return self._refusal("not-activated", body)
        code = self._codes.issue(person, str(body["chnlId"]), now_ns=self._clock.now_ns())
        self._event(
            "code-issued",
            digits=code.digits,
            id_no=person.id_no,
            chnl=code.channel,
            issued_ns=code.issued_ns,
            expires_ns=code.expires_ns,
        )
        return self._done(
            body,
            {
                "ecQrCode": code.digits,
                "issuedAt": spell_moment(code.issued_ns),
                "validSeconds": self._settings.validity_s,
                "refreshSeconds": self._settings.refresh_s,
            },
        )

    async def _pay_confirm(self, body: Body) -> Answer:
        institution = self._register.institution(body["orgId"])
        token = self._tokens.valid(body["ecToken"], now_ns=self._clock.now_ns(), institution=body["orgId"])
        if token is None or institution is None:
            return self._refusal("token-invalid", body)
        if self._settings.password is PasswordAt.MOCK:
            self._event("payment-confirmed", prompt="", id_no=token.person.id_no, result=Result.CONFIRMED.value)
            return self._done(body, {"result": Result.CONFIRMED.value, "confirmNo": "MOCK"})
        prompt = self._opened(token.person, institution, body)
        if self._settings.password is PasswordAt.PHONE and not await self._push(_as_pushed(prompt)) and not self._over:
            self._event("prompt-undelivered", prompt=prompt.id, id_no=prompt.person.id_no)
        try:
            result = await prompt.ended
        except asyncio.CancelledError:
            if prompt.ended.cancelled():
                raise AbandonedError from None
            raise
        name = "payment-confirmed" if result is Result.CONFIRMED else "payment-not-confirmed"
        self._event(name, prompt=prompt.id, id_no=prompt.person.id_no, result=result.value)
        confirm_no = prompt.confirm_no if result is Result.CONFIRMED else ""
        return self._done(body, {"result": result.value, "confirmNo": confirm_no})

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
            return self._refusal("invalid-request", body, "proof, or declined: true, expected")
        answered = self._prompts.answer(body["promptId"], proof=body.get("proof"), declined=declined)
        if answered is None:
            return self._refusal("prompt-closed", body)
        result, attempts_left = answered
        return self._done(body, {"result": result.value, "attemptsLeft": attempts_left})

    def _done(self, body: Body, data: Answer) -> Answer:
        return reply("ok", institution=str(body.get("orgId") or ""), data=data, data_as="object")

    def _refusal(self, why: str, body: Body, detail: str = "") -> Answer:
        return reply(why, institution=str(body.get("orgId") or ""), detail=detail, data_as="object")

    def _event(self, name: str, **fields: JsonValue) -> None:
        self._tape.event(self._name, name, **fields)


def _as_pushed(prompt: Prompt) -> Answer:
    return {
        "promptId": prompt.id,
        "idNo": prompt.person.id_no,
        "amount": prompt.amount,
        "accountAmount": prompt.account_amount,
        "institutionName": prompt.institution_name,
        "expiresAt": spell_moment(prompt.expires_ns),
    }


def spell_moment(at_ns: int) -> str:
    """Beijing time as `2020-10-14 08:30:00`, with nanoseconds behind a point when they are not zero."""
    seconds, ns = divmod(at_ns, NS)
    whole = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(BEIJING)
    text = whole.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{ns:09d}" if ns else text
