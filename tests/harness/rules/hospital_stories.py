"""Good stories of a hospital's counter: what a correct adapter and correct systems leave on the tape."""

from collections.abc import Callable

from fixtures.population import people
from tests.harness.rules.hospital_tape import OTHER_SLOT, HospitalTape
from tests.harness.rules.tape_builder import Sale, TapeBuilder


def begun(*, by: str = "", way: str = "") -> HospitalTape:
    """A case that has begun."""
    tape = HospitalTape()
    tape.by, tape.way = by, way
    tape.begin()
    return tape


def ended(tape: HospitalTape, **states: str) -> HospitalTape:
    """The books, and the end."""
    tape.close_day(**states)
    tape.end()
    return tape


def registration() -> HospitalTape:
    """Slot, lock, payment."""
    tape = begun()
    tape.offer()
    tape.register()
    tape.offer("slots after", first=2)
    return ended(tape)


def registration_by_id_card() -> HospitalTape:
    """The ID card is read, the password typed at the terminal."""
    return _registered(begun(by="id-card"))


def registration_by_face() -> HospitalTape:
    """The face is checked, and the terminal shows how it ended."""
    return _registered(begun(by="face"))


def registration_by_card() -> HospitalTape:
    """The social-insurance card is read, its password typed."""
    return _registered(begun(by="card"))


def registration_at_machine() -> HospitalTape:
    """A machine, which releases a slip."""
    return _registered(begun(way="self-service"))


def _registered(tape: HospitalTape) -> HospitalTape:
    tape.offer()
    tape.register()
    return ended(tape)


def lock_expired() -> HospitalTape:
    """Paid too late: refused, nothing sent; the place is offered again."""
    tape = begun()
    tape.offer()
    tape.lock("R0001")
    tape.offer("slots locked", first=2)
    tape.wait(901)
    tape.ask("register", "R0001", order="R0001", use_account=True)
    tape.refuse("R0001", "lock-expired", "锁号已失效 / the lock has ended")
    tape.offer("slots after")
    return ended(tape)


def full_slot() -> HospitalTape:
    """The last place is locked; nobody gets it a second time."""
    tape = begun()
    tape.offer(first=1)
    tape.lock("R0001")
    tape.ask("lock", "R0002 lock", order="R0002", slot="S20201016-0101-AM")
    tape.refuse("R0002 lock", "slot-taken", "该号源已被占用 / taken")
    return ended(tape)


def registration_refused() -> HospitalTape:
    """The visit was opened, then the payment is refused: what was uploaded is withdrawn, the visit cancelled."""
    tape = begun()
    tape.offer()
    tape.lock("R0001")
    sale = tape.begin_register("R0001")
    visit = tape.open_visit(sale)
    tape.describe("R0001", visit)
    tape.upload("R0001", visit, "R0001", _item())
    tape.pre_settle_visit(sale, visit, "R0001")
    tape.withdraw("R0001", visit, "R0001")
    tape.cancel_visit("R0001", visit)
    tape.refuse("R0001", "declined", "参保人已取消支付 / declined")
    tape.offer("slots after")
    return ended(tape)


def _item() -> dict[str, str]:
    return {"code": "XS000001", "price": "12.00", "quantity": "1", "amount": "12.00"}


def refunded_online() -> HospitalTape:
    """Two days before the appointment."""
    tape = begun()
    tape.offer()
    tape.register()
    tape.refund_registration()
    tape.offer("slots after")
    return ended(tape, R0001="refunded")


def refund_at_window() -> HospitalTape:
    """An appointment for today: refused online, nothing is sent; the window refunds."""
    tape = begun()
    tape.offer()
    tape.register(slot=OTHER_SLOT)
    tape.ask("refund", "R0001 online", order="R0001", way="online")
    tape.refuse("R0001 online", "refund-at-window", "请到窗口办理 / at the window")
    tape.refund_registration(way="window")
    return ended(tape, R0001="refunded")


def fees_paid() -> HospitalTape:
    """Registered, ordered, asked for, paid, nothing left."""
    tape = begun()
    tape.offer()
    tape.register()
    tape.order_fees()
    tape.ask_pending()
    tape.pay()
    tape.ask_pending("pending after", orders=())
    return ended(tape)


def fees_of_another() -> HospitalTape:
    """Somebody else sees nothing, and cannot pay."""
    tape = begun()
    tape.offer()
    tape.register()
    tape.order_fees()
    tape.ask_pending("pending other", person=7, orders=())
    sale = Sale(order="F0001 other", person=people()[7], amounts={"total": 3505, "fund": 0, "account": 0, "cash": 3505})
    tape.ask("pay", "F0001 other", order="F0001", use_account=True)
    tape.identified(sale)
    tape.refuse("F0001 other", "not-theirs", "不是本人的单据 / not theirs")
    tape.pay()
    return ended(tape)


def refunded_in_part() -> HospitalTape:
    """The first line is kept."""
    tape = begun()
    tape.offer()
    tape.register()
    tape.order_fees()
    tape.pay()
    tape.refund_part()
    return _without_books(tape)


def _without_books(tape: HospitalTape) -> HospitalTape:
    tape.end()
    return tape


def stay() -> HospitalTape:
    """Admitted, charged, discharged, settled with a fresh code."""
    tape = begun()
    tape.admit()
    tape.charge()
    tape.discharge()
    tape.settle_stay()
    return ended(tape)


def admission_cancelled() -> HospitalTape:
    """Fees are withdrawn, the admission is undone."""
    tape = begun()
    tape.admit()
    tape.charge()
    tape.cancel_admission()
    return ended(tape)


def settled_too_early() -> HospitalTape:
    """Before the discharge it is refused, and nothing is sent."""
    tape = begun()
    tape.admit()
    tape.charge()
    tape.ask("settle", "I0001 early", order="I0001", use_account=True, interim=False)
    tape.refuse("I0001 early", "not-discharged", "尚未出院 / not discharged")
    return ended(tape)


def id_card_not_activated() -> HospitalTape:
    """The card is read, and nothing is sent."""
    tape = begun(by="id-card")
    tape.offer()
    tape.lock("R0001")
    sale = Sale(order="R0001", person=people()[2], amounts={"total": 1200, "fund": 0, "account": 0, "cash": 1200})
    tape.ask("register", "R0001", order="R0001", use_account=True, by="id-card")
    tape.read_id_card(sale, activated=False)
    tape.refuse("R0001", "not-activated", "请先激活 / activate first")
    return ended(tape)


def face_mismatch() -> HospitalTape:
    """The face is another's: nothing is sent."""
    tape = begun(by="face")
    tape.offer()
    tape.lock("R0001")
    sale = Sale(order="R0001", person=people()[0], amounts={"total": 1200, "fund": 0, "account": 0, "cash": 1200})
    tape.ask("register", "R0001", order="R0001", use_account=True, by="face")
    tape.check_face(sale, matches=False)
    tape.refuse("R0001", "face-mismatch", "人脸核验未通过 / no match")
    return ended(tape)


def wrong_library() -> HospitalTape:
    """The sign-in is refused and says which library; nothing is sent; the right one works."""
    tape = HospitalTape()
    tape.begin(sign_in=False)
    tape.event("case", "library", library="voucher", file="NationECCode.dll", state="other-width")
    tape.ask("sign-in", "sign-in wrong")
    prompt = "动态库NationECCode.dll为32位，系统为64位 / NationECCode.dll is 32-bit, the system 64-bit"
    tape.refuse("sign-in wrong", "library-mismatch", prompt)
    tape.event("case", "library", "library fits", library="voucher", file="NationECCode.dll", state="fits")
    tape.sign_in()
    tape.end()
    return tape


HOSPITAL_STORIES: tuple[Callable[[], TapeBuilder], ...] = (
    registration,
    registration_by_id_card,
    registration_by_face,
    registration_by_card,
    registration_at_machine,
    lock_expired,
    full_slot,
    registration_refused,
    refunded_online,
    refund_at_window,
    fees_paid,
    fees_of_another,
    refunded_in_part,
    stay,
    admission_cancelled,
    settled_too_early,
    id_card_not_activated,
    face_mismatch,
    wrong_library,
)
"""Every good story of a hospital."""
