"""What all of the centre's counters share: one case's books, clock and tape, and how answers are made."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.clock import Clock
from harness.line.record import JsonValue
from harness.line.tape import Tape
from harness.money import Fen
from harness.wire.voucher_messages import reply
from simulators.voucher_centre.activation import Activations
from simulators.voucher_centre.codes import CodeBook
from simulators.voucher_centre.faces import FaceAuths
from simulators.voucher_centre.family import Families
from simulators.voucher_centre.people import Register
from simulators.voucher_centre.promoters import Promotion
from simulators.voucher_centre.settings import VoucherCentreSettings
from simulators.voucher_centre.terminal import TerminalLine, Terminals
from simulators.voucher_centre.tokens import TokenBook
from simulators.voucher_centre.vouchers import VoucherBook

Body = Mapping[str, object]
Answer = dict[str, object]
LONGEST_ORG = 40
"""Characters of an orgId that a refusal repeats: as many as it may have."""


@dataclass(frozen=True, kw_only=True)
class Books:
    """Which kinds of books an office keeps."""

    register: type[Register] = Register
    vouchers: type[VoucherBook] = VoucherBook
    codes: type[CodeBook] = CodeBook
    tokens: type[TokenBook] = TokenBook
    faces: type[FaceAuths] = FaceAuths
    promotion: type[Promotion] = Promotion
    activations: type[Activations] = Activations
    families: type[Families] = Families


@dataclass(frozen=True, kw_only=True)
class Office:
    """The books of one case."""

    settings: VoucherCentreSettings
    clock: Clock
    tape: Tape
    name: str
    drawn_by: str
    """What, beside the seed, everything that is drawn at random is drawn from."""
    register: Register
    vouchers: VoucherBook
    codes: CodeBook
    tokens: TokenBook
    faces: FaceAuths
    terminals: Terminals
    terminal: TerminalLine
    promotion: Promotion
    activations: Activations
    families: Families

    def tell(self, name: str, **fields: JsonValue) -> None:
        """Leave an event on the tape."""
        self.tape.event(self.name, name, **fields)

    def state(self) -> dict[str, JsonValue]:
        """The books, for the back door."""
        return {
            "people": [
                {"id": p.id, "id_no": p.id_no, "name": p.name, "voucher": self.vouchers.of(p).state.value}
                for p in self.register.people
            ],
            "vouchers": self.vouchers.state(),
            "codes": list(self.codes.state()),
            "tokens": [dict(token) for token in self.tokens.state()],
            "families": self.families.state(),
            "promoters": self.promotion.state(),
        }


def open_office(
    settings: VoucherCentreSettings,
    *,
    clock: Clock,
    tape: Tape,
    seed: int,
    name: str,
    terminal: TerminalLine,
    books: Books,
) -> Office:
    """The books of a new case."""

    def tell(event: str, **fields: JsonValue) -> None:
        tape.event(name, event, **fields)

    # A centre that ends and is started again while real time goes on must not give the same codes and tokens again.
    drawn_by = name if clock.steppable else f"{name} {clock.now_ns()}"
    register = books.register(seed=seed)
    vouchers = books.vouchers(
        register,
        clock,
        lock_after=settings.password_lock_after,
        lock_s=settings.password_lock_s,
        tell=tell,
    )
    promotion = books.promotion(clock, red_packet=Fen(settings.red_packet_fen), tell=tell)
    return Office(
        settings=settings,
        clock=clock,
        tape=tape,
        name=name,
        drawn_by=drawn_by,
        register=register,
        vouchers=vouchers,
        codes=books.codes(settings, register, vouchers, clock=clock, seed=seed, name=drawn_by),
        tokens=books.tokens(life_s=settings.token_s, clock=clock, seed=seed, name=drawn_by),
        faces=books.faces(life_s=settings.face_auth_s, clock=clock, seed=seed, name=drawn_by),
        terminals=Terminals(clock, life_s=settings.scan_s),
        terminal=terminal,
        promotion=promotion,
        activations=books.activations(
            register, vouchers, promotion, clock, life_s=settings.activation_s, seed=seed, name=drawn_by, tell=tell
        ),
        families=books.families(register, vouchers, clock, face_below=settings.family_face_below, tell=tell),
    )


def done(body: Body, data: Answer, *, data_as: str = "object") -> Answer:
    """A good answer."""
    return reply("ok", institution=str(body.get("orgId") or ""), data=data, data_as=data_as)


def refusal(why: str, body: Body, detail: str = "", more: Body | None = None) -> Answer:
    """A refusal; `why` is the id of a return code."""
    institution = str(body.get("orgId") or "")[:LONGEST_ORG]  # which may be what is wrong with the message
    return reply(why, institution=institution, detail=detail, data=more, data_as="object")
