"""What the systems send to phones, and what people answer: payment prompts, notices of the account, bills.

Each leaves an event on the tape when it is shown: prompt-shown, prompt-answered, notice, bill.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fixtures.channels import bill_channels
from fixtures.population import Person, people
from harness.bench.plugin import SimulatorContext
from harness.line.record import JsonValue
from harness.money import format_yuan
from simulators.kit.back_door import json_object
from simulators.kit.live_page import Bell
from simulators.phone import pages, texts
from simulators.phone.bills import Bills, bills_json, read_bill
from simulators.phone.centre import Centre, CentreRefusalError, CentreUnavailableError
from simulators.phone.family import Family
from simulators.phone.inbox import Inbox, Notice, Prompt, read_notice, read_prompt
from simulators.phone.requests import Answer, owner_of, person_of, read_answer


class Deliveries:
    """All that has reached the phones in one case; `begin` empties them for the next."""

    def __init__(
        self, context: SimulatorContext, bell: Bell, centre: Callable[[], Centre | None], *, shared: bool
    ) -> None:
        self._context = context
        self._bell = bell
        self._centre = centre
        self._shared = shared
        """Whether who shows a member's code sees that member's prompts and notices."""
        self.begin(Family(None, bell))

    def begin(self, family: Family) -> None:
        """Nothing has come yet."""
        self._family = family
        self._inbox = Inbox(self._context.clock)
        self._bills = Bills()

    def routes(self) -> list[Route]:
        """Where things are sent to and answered."""
        return [
            Route("/people/{person}/prompt", self._get_prompt),
            Route("/people/{person}/confirm", self._answer_prompt, methods=["POST"]),
            Route("/people/{person}/notices", self._get_notices),
            Route("/push/prompt", self._take_prompt, methods=["POST"]),
            Route("/push/notice", self._take_notice, methods=["POST"]),
            Route("/push/bill", self._take_bill, methods=["POST"]),
        ]

    # --- what stands on a phone ---

    def screen(self, person: Person) -> dict[str, JsonValue]:
        """What an open page of a person must know, beside the code."""
        clock = self._context.clock
        return {
            "now_ms": clock.now_ns() // 1_000_000,
            "runs": not clock.steppable,
            "prompt": self._prompt(person),
            "notices": self._notices(person),
            "balance": self.balance(person),
            "bills": {chnl: self.bills(person, chnl) for chnl in sorted(bill_channels())},
        }

    def member_screen(self, holder: Person, member: Person) -> dict[str, JsonValue]:
        """The same of a holder who shows a member's code: beside their own, what they may know of the member."""
        bound = self._family.bound(holder, member)
        refusal = texts.member_not_bound(holder, member)
        shared: dict[str, JsonValue] = {}
        if bound and self._shared:
            shared = {
                "prompt": self._prompt(member),
                "notices": self._notices(member),
                "balance": self.balance(member),
            }
        why: JsonValue = None if bound else {"zh": refusal.zh, "en": refusal.en}
        return {**self.screen(holder), "member": {"id": member.id, "name": member.name, "why": why, **shared}}

    def bills(self, person: Person, chnl: str) -> list[JsonValue]:
        """A person's bills in a channel, newest first."""
        return bills_json(self._bills.of(person.id_no, chnl))

    def balance(self, person: Person) -> str:
        """The account's balance in yuan as the phone knows it: of the newest notice, else the opening balance."""
        notices = self._inbox.notices(person.id_no)
        return format_yuan(notices[0].balance) if notices else pages.opening_balance(person)

    def state(self) -> dict[str, JsonValue]:
        """Everybody's open prompt, and how many notices and bills they have."""
        return {
            person.id: {
                "prompt": self._prompt(person),
                "notices": len(self._inbox.notices(person.id_no)),
                "bills": self._bills.count(person.id_no),
            }
            for person in people()
        }

    def _prompt(self, person: Person) -> dict[str, JsonValue]:
        waiting = self._inbox.waiting(person.id_no)
        if not waiting:
            return {}
        prompt = waiting[0]
        return {
            "promptId": prompt.id,
            "amount": format_yuan(prompt.amount),
            "accountAmount": format_yuan(prompt.account),
            "institutionName": prompt.institution,
            "expires_ns": prompt.expires_ns,
            "expires_ms": (self._context.clock.now_ns() + self._inbox.left_ns(prompt)) // 1_000_000,
            "waiting": len(waiting),
        }

    def _notices(self, person: Person) -> list[JsonValue]:
        return [_notice_json(notice) for notice in self._inbox.notices(person.id_no)]

    # --- prompts ---

    async def _take_prompt(self, request: Request) -> Response:
        try:
            prompt = read_prompt(await json_object(request))
        except ValueError as error:
            raise texts.bad_request(str(error)) from error
        person = owner_of(prompt.id_no)
        if self._inbox.put_prompt(prompt):
            self._tell(
                "prompt-shown",
                prompt=prompt.id,
                person=person.id,
                amount_fen=prompt.amount,
                account_fen=prompt.account,
            )
            self._bell.ring()
        return JSONResponse({}, status_code=202)

    async def _get_prompt(self, request: Request) -> Response:
        return JSONResponse(self._prompt(person_of(request)))

    async def _answer_prompt(self, request: Request) -> Response:
        person = person_of(request)
        answer = read_answer(await json_object(request))
        holder, person = person, self._whose(person, answer)
        prompt = self._answerable(person, answer)
        self._inbox.take_prompt(prompt)
        self._tell(
            "prompt-answered",
            prompt=prompt.id,
            person=person.id,
            answer="declined" if answer.password is None else "password",
            **({} if holder == person else {"by": holder.id}),
        )
        self._bell.ring()
        return JSONResponse({"result": await self._deliver(person, prompt, answer)})

    def _whose(self, holder: Person, answer: Answer) -> Person:
        """Whose prompt is answered: one's own, or a bound member's, where the holder may."""
        if answer.member is None:
            return holder
        if not self._family.bound(holder, answer.member):
            raise texts.member_not_bound(holder, answer.member)
        if not self._shared:
            raise texts.no_prompt(holder)
        return answer.member

    def _answerable(self, person: Person, answer: Answer) -> Prompt:
        waiting = self._inbox.waiting(person.id_no)
        for prompt in waiting:
            if answer.prompt in {"", prompt.id}:
                return prompt
        raise texts.no_prompt(person)

    async def _deliver(self, person: Person, prompt: Prompt, answer: Answer) -> str:
        inbox = self._inbox
        try:
            verdict = await self._centre_now().answer(prompt.id, answer.password)
        except CentreRefusalError as refusal:
            raise texts.centre_refused(refusal.code, refusal.message) from refusal
        except CentreUnavailableError as error:
            inbox.give_back(prompt)
            self._bell.ring()
            self._tell("answer-undelivered", prompt=prompt.id, person=person.id)
            raise texts.centre_unavailable(str(error)) from error
        if verdict.attempts_left:
            inbox.give_back(prompt)
            self._bell.ring()
        return verdict.result

    def _centre_now(self) -> Centre:
        centre = self._centre()
        if centre is None:
            raise CentreUnavailableError("none is connected")
        return centre

    # --- notices and bills ---

    async def _take_notice(self, request: Request) -> Response:
        try:
            notice = read_notice(await json_object(request))
        except ValueError as error:
            raise texts.bad_request(str(error)) from error
        person = owner_of(notice.id_no)
        self._inbox.put_notice(notice)
        self._tell(
            "notice",
            person=person.id,
            amount_fen=notice.amount,
            balance_fen=notice.balance,
            setl_id=notice.setl_id,
        )
        self._bell.ring()
        return JSONResponse({}, status_code=202)

    async def _get_notices(self, request: Request) -> Response:
        return JSONResponse(self._notices(person_of(request)))

    async def _take_bill(self, request: Request) -> Response:
        try:
            bill = read_bill(await json_object(request))
        except ValueError as error:
            raise texts.bad_request(str(error)) from error
        person = owner_of(bill.id_no)
        if bill.chnl not in bill_channels():
            raise texts.no_bills(bill.chnl)
        self._bills.put(bill)
        self._tell(
            "bill",
            person=person.id,
            chnl=bill.chnl,
            setl_id=bill.setl_id,
            reverses=bill.reverses or None,
            institution=bill.institution,
            total_fen=bill.total,
            fund_fen=bill.fund,
            account_fen=bill.account,
            cash_fen=bill.own,
        )
        self._bell.ring()
        return JSONResponse({}, status_code=202)

    def _tell(self, name: str, **fields: JsonValue) -> None:
        self._context.tape.event(self._context.name, name, **fields)


def _notice_json(notice: Notice) -> dict[str, JsonValue]:
    return {
        "amount": format_yuan(notice.amount),
        "balance": format_yuan(notice.balance),
        "setlId": notice.setl_id,
        "kind": notice.kind,
        "at": notice.at,
    }
