"""The stage of a mobile-payment centre under test: the hospital that asks it, the App that pays, and what must come.

A case says of each service how it has to end, by the ids of `harness.wire.mobile_payment.answers`; the judge compares.
Before it breaks a message on purpose it says so, and which field is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from fixtures.population import Person, people
from harness.bench.tables import MobileTable
from harness.devices.mobile_line import MobileLine, PostUnderWay, as_object
from harness.devices.mobile_payment import Answered, Data, Followed, MobilePayment, is_doubt
from harness.devices.notice_door import NoticeAnswer, NoticeDoor
from harness.devices.voucher_centre import VoucherCentre
from harness.errors import BenchError, ConfigError, LiantiaoError
from harness.faults.catalogue import Effect
from harness.gm import PrivateKey
from harness.line.record import Direction, Record
from harness.scenarios.mobile_forgeries import Forger
from harness.scenarios.stage import CASE, Stage
from harness.wire import voucher_calls as calls
from harness.wire.institution_statement import ResultLine, StatementLine
from harness.wire.mobile_payment import Application, Standing, Variant, encode, standing_of
from harness.wire.mobile_payment.answers import AUTH_PATH, DECISION_PATH, OWN_PAY_PATH, QUERY, answers
from harness.wire.voucher_calls import Desk, Holder

PARTY = "mobile-payment"
"""The kind of device that is under test."""
PLATFORM, VOUCHER_CENTRE = "platform", "voucher-centre"
OK, MALFORMED = "ok", "field-problems"
"""How a service ends, by the ids of answers."""
APP = "nhsa-app"


class MobileTerms(Protocol):
    """What the settings of a mobile-payment centre promise; seconds."""

    variant: str
    app_id: str
    secret: str
    pay_auth_s: int
    pays_after_s: int
    unpaid_s: int
    use_platform: bool
    unknown: str
    resolve_after_s: int
    hospital_settles: bool
    settles_after_s: int
    callback_after_s: int
    callback_s: int
    callback_retries: str
    callback_copies: int
    callback_off_fen: int


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One service asked for, and its answer; `answer` is None while nobody knows it."""

    service: str
    data: Data
    answer: Answered | None

    @property
    def told(self) -> Data:
        """The data of the answer; empty without one."""
        return self.answer.data if self.answer is not None else {}


@dataclass(frozen=True, kw_only=True)
class MobileStage(Stage):
    """What a scenario with a mobile-payment centre has to hand."""

    centre: MobilePayment
    """The driver, with the hospital's keys; fresh connections for each case."""
    line: MobileLine
    """What carries its messages, for bytes by hand."""
    terms: MobileTerms
    """How the centre is set."""
    table: MobileTable
    """Who asks."""
    door: NoticeDoor
    """Where the hospital takes notices."""
    application: Application
    """The application with whose secret messages are signed."""
    own_key: PrivateKey
    """The hospital's private key, for seals that are made by hand."""
    variant: Variant
    """The centre's form of the envelope."""
    notice_s: float = 3.0
    """How long a notice that is due may take to come, in real seconds."""
    hospital: "PlatformDesk | None" = None
    """The hospital's own line to the settlement platform, where there is one."""
    voucher: VoucherCentre | None = None
    """The voucher centre, where there is one."""
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    # --- who is who ---

    def person(self, person_id: str) -> Person:
        """A person by the id of `fixtures/people.toml`. Raises ConfigError."""
        for person in people():
            if person.id == person_id:
                return person
        raise ConfigError(
            f"There is no person {person_id}.", cause="a slip of the pen", remedy="see fixtures/people.toml"
        )

    def number(self, mark: str) -> str:
        """A number of the hospital's own that it has not used before; the same in equal runs."""
        return f"{mark}{self.clock.now_ns() // 1_000_000}{next(self.numbers):04d}"

    # --- asking ---

    def ask(self, service: str, data: Data, *reasons: str) -> Ask:
        """Ask for a service and put on the tape how it has to end: with one of these reasons, without any well."""
        answer = self.centre.answer(service, data)
        self.expect(*reasons)
        return Ask(service=service, data=data, answer=answer)

    def ask_malformed(self, service: str, data: Data, name: str, *reasons: str) -> Ask:
        """Ask with a field that is wrong: it has to be refused for that, by its name."""
        self.tape.event(CASE, "malformed", service=service, field=name)
        return self.ask(service, data, *(reasons or (MALFORMED,)))

    def ask_in_doubt(self, service: str, data: Data) -> Ask:
        """Ask where the answer may be lost, cut or spoilt; then nobody knows, which is neither yes nor no."""
        try:
            answer: Answered | None = self.centre.answer(service, data)
        except LiantiaoError as error:
            if not is_doubt(error):
                raise
            answer = None
        self.step("the outcome is unknown" if answer is None else "an answer came")
        return Ask(service=service, data=data, answer=answer)

    def say(self, service: str, envelope: Mapping[str, object] | bytes, *reasons: str, path: str = "") -> Answered:
        """Send an envelope, or bytes, by hand; it has to be refused for one of these reasons."""
        self.tape.event(CASE, "malformed", service=service, field="")
        raw = envelope if isinstance(envelope, bytes) else encode(envelope)
        at = path or self.centre.path_of(service)
        answer = self.centre.read(as_object(at, self.line.post(at, raw)))
        self.expect(*reasons)
        return answer

    def ask_at_once(self, asked: Sequence[tuple[str, Data]]) -> list[Answered]:
        """Ask for several services at once, each on a connection of its own, all sent before any answer is read."""
        under_way: list[PostUnderWay] = []
        for service, data in asked:
            under_way.append(self.line.begin(self.centre.path_of(service), encode(self.centre.sealed(service, data))))
        return [self.centre.read(begun.answer()) for begun in under_way]

    def plain(self, path: str, body: Data, *reasons: str) -> Answered:
        """Ask at a door of our own design, in plain JSON."""
        said = self.line.post_json(path, dict(body))
        self.expect(*reasons)
        data = said.get("data")
        code = str(said.get("code", ""))
        return Answered(
            code=int(code) if code.lstrip("-").isdigit() else -1,
            message=str(said.get("message") or ""),
            data=data if isinstance(data, dict) else {},
        )

    def forger(self, service: str) -> Forger:
        """What envelopes are forged with, as of now."""
        return Forger(
            application=self.application,
            own=self.own_key,
            variant=self.variant,
            now_ns=self.clock.now_ns(),
            service=service,
        )

    def expect(self, *reasons: str) -> None:
        """Put on the tape how the exchange before this had to end; the judge compares."""
        wanted = [answers()[reason] for reason in reasons or (OK,)]
        any_refusal = self.table.own_codes and any(answer.invented for answer in wanted)
        codes = sorted({answer.code for answer in wanted})
        self.tape.event(
            CASE, "expect-answer", codes=[*codes], reasons=[answer.id for answer in wanted], any_refusal=any_refusal
        )

    def spoil(self, message: str, effect: Effect, *, nth: int = 1, **detail: int) -> None:
        """Schedule a fault of the centre. Raises BenchError when it is real."""
        self.disturb(PARTY, message, effect, nth=nth, **detail)

    # --- the person and the App ---

    def auth_no(self, person: Person, *, app_id: str = "") -> str:
        """A payAuthNo that a payment App gets for a person."""
        body = {
            "appId": app_id or self.terms.app_id,
            "idNo": person.id_no,
            "userName": person.name,
            "idType": "01",
            "chnlId": "wechat",
        }
        return str(self.plain(f"{AUTH_PATH}/{self.table.partner}", body).data.get("payAuthNo", ""))

    def token(self, person: Person, *, institution: str = "") -> str:
        """An ecToken of a person, by way of a code. Raises BenchError without a voucher centre."""
        if self.voucher is None:
            raise BenchError(
                "There is no voucher centre on this bench.",
                cause="an ecToken comes from a voucher centre",
                remedy='add a table [device.voucher-centre] with at = "virtual"',
            )
        holder = Holder(channel=APP, id_no=person.id_no, name=person.name)
        code = str(self.voucher.ask(calls.show_code(holder)).data["ecQrCode"])
        reply = self.voucher.ask(calls.decode(Desk(institution=institution or self.table.institution), code))
        return reply.identity().token

    def own_pay(self, pay_ord_id: object, *reasons: str, result: str = "SUCCESS", stays: bool = False) -> Answered:
        """The payment channel tells the centre what became of the own part; `stays`: it will not give that back."""
        said = {"payOrdId": pay_ord_id, "result": result, **({"reversal": "FAIL"} if stays else {})}
        return self.plain(OWN_PAY_PATH, said, *reasons)

    def decide(self, pay_ord_id: object, serial: str, *reasons: str, happened: bool) -> Answered:
        """A person decides about a refund whose outcome is unknown."""
        return self.plain(DECISION_PATH, {"payOrdId": pay_ord_id, "appRefdSn": serial, "happened": happened}, *reasons)

    # --- asking on ---

    def follow(self, about: Data, *, most: int = 5) -> Followed:
        """Ask for an order until its state is an end; on a bench clock 5 s go by in between."""
        return self.centre.follow(about, pause=self.pause, most=most)

    def pause(self, seconds: int) -> None:
        """Let time go by, where it goes by only so."""
        if self.clock.steppable:
            self.step_clock(seconds)

    def standing(self, about: Data) -> Standing:
        """Where an order stands, by one 6301 that has to be answered."""
        return standing_of(self.ask(QUERY, about).told.get("ordStas"))

    # --- notices ---

    def listen(self, *next_answers: NoticeAnswer) -> None:
        """Have notices sent to the hospital, which answers the next ones so and takes all others."""
        self.door.answer_next(*next_answers)
        if PARTY in self.back_doors:
            self.back_doors[PARTY].call("/callback", {"url": self.door.url})
        self.tape.event(CASE, "hospital-listens")

    def await_notice(self, *, since: int) -> Record | None:
        """The next notice that reaches the hospital from record `since` on; None when patience ends."""
        return self.tape.wait_for(
            lambda r: r.channel.startswith("hospital.http") and r.direction is Direction.RECEIVED,
            since=since,
            timeout=self.notice_s,
        )

    def await_taken(self, *, since: int) -> Record | None:
        """The next answer that the hospital gives to a notice from record `since` on; None when patience ends."""
        return self.tape.wait_for(
            lambda r: r.channel.startswith("hospital.http") and r.direction is Direction.SENT,
            since=since,
            timeout=self.notice_s,
        )


class PlatformDesk(Protocol):
    """The hospital at the settlement platform."""

    def totals(self, stated: Data) -> Data:
        """What the platform says to the totals of a day (3201)."""
        ...

    def details(self, stated: Data, lines: Sequence[StatementLine]) -> Sequence[ResultLine]:
        """What the platform says to each line of a statement, and of what it has besides (3202)."""
        ...
