"""What the adapter does at the points where vendors go wrong, gathered in one place.

The defaults are right. A mutant is this with one member changed; nothing else in the adapter knows of mutants.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from simulators.his.box_behaviour import BoxBehaviour
from simulators.his.clinic_behaviour import ClinicBehaviour
from simulators.his.desk_behaviour import DeskBehaviour
from simulators.his.gateway import Sealing, envelope_signature, sealed
from simulators.his.hall_behaviour import HallBehaviour
from simulators.his.money import line_fen, to_yuan
from simulators.his.shanghai_behaviour import ShanghaiBehaviour
from simulators.his.statement_behaviour import StatementBehaviour
from simulators.his.texts import Reason, prompt_for
from simulators.his.trust import Trusting, as_told


class OnUnknown(Enum):
    """What follows a settlement whose outcome is unknown."""

    REVERSE = "2601 with the original msgid"
    TREAT_AS_REFUSED = "as if the platform had refused"
    SETTLE_AGAIN = "2102 once more"


class RefundBy(Enum):
    """What a refund goes by."""

    JOURNAL = "the original in the journal, if it stands"
    ORDER_NUMBER = "the order number, in the place of setl_id, whether there is an original or not"
    REVERSAL = "2601 with the msgid of the settlement"


class Release(Enum):
    """When an unattended counter lets go of goods or a slip."""

    PAID = "once the settlement is known as accepted"
    ASKED = "when the settlement is sent"
    ANSWERED = "once there is an answer, whichever"


class PartRefund(Enum):
    """How some of the lines of a settlement are taken back."""

    ANEW = "2208, 2205, and the rest uploaded and settled anew"
    WITHOUT_UNDOING = "2205 and the rest, without 2208"
    WITHOUT_WITHDRAWING = "2208 and the rest, without 2205"
    NEGATIVE_LINES = "2208, and lines below zero beside the old ones"


class OnUnknownUpload(Enum):
    """What follows an upload of details whose outcome is unknown."""

    WITHDRAW = "2205 or 2302 of its details"
    UPLOAD_AGAIN = "the same details again"


def msgid(institution: str, stamp: str, sequence: int) -> str:
    """Institution code (12), yyyyMMddHHmmss, sequence (4)."""
    return f"{institution[:12]}{stamp}{sequence:04d}"


def msgid_time_first(institution: str, stamp: str, sequence: int) -> str:
    """yyMMddHHmmss-code-sequence."""
    return f"{stamp[2:]}-{institution[:12]}-{sequence:04d}"


def msgid_of_the_day(institution: str, stamp: str, sequence: int) -> str:
    """Code (12), yyyyMMdd, the second of the day (5) and sequence (4)."""
    hours, minutes, seconds = int(stamp[8:10]), int(stamp[10:12]), int(stamp[12:14])
    return f"{institution[:12]}{stamp[:8]}{(hours * 60 + minutes) * 60 + seconds:05d}{sequence:04d}"


MSGID_FORMS = {"code-time": msgid, "time-code": msgid_time_first, "code-day": msgid_of_the_day}
"""How a msgid is made, by the province's form of it."""


def masked(text: str) -> str:
    """A person's datum as the log may hold it: its first character."""
    return text[:1] + "***"


def right_signtype(_infno: str, of_profile: str) -> str:
    """The signature of the profile, for every transaction."""
    return of_profile


def original_msgid(original: str, _own: str) -> str:
    """A reversal names the message that it reverses."""
    return original


def amounts_add_up(stated: int, computed: int) -> bool:
    """An amount is right to the fen or wrong."""
    return stated == computed


def stated_amount(_price: str, _quantity: str, stated: int) -> int:
    """The amount on the wire is the basket's, checked before."""
    return stated


def as_scanned(text: str) -> str:
    """A code is sent as it was scanned."""
    return text


def as_asked(use_account: bool) -> str:
    """acct_used_flag as the cashier asked."""
    return "1" if use_account else "0"


def right_opter_type(way: str) -> str:
    """A cashier, a self-service terminal, a mobile one."""
    return {"self-service": "2", "mobile": "3", "online": "3"}.get(way, "1")


def right_device_type(way: str) -> str:
    """A self-service terminal says so."""
    return "SelfService" if way == "self-service" else ""


def own_number(institution: str, day: str, number: int) -> str:
    """outBizNo: institution code, yyyyMMdd, nine digits."""
    return f"{institution}{day}{number:09d}"


def true_state(settled: bool) -> str | None:
    """What cn.nhsa.settle.notify says."""
    return "SUCCESS" if settled else "FAIL"


def proof_of_password(proof: str) -> str:
    """expContent with the proof that the social-insurance card's password was typed (own design)."""
    return f'{{"card_pin_proof":"{proof}"}}' if proof else ""


def unchanged(text: str) -> str:
    """What is known is sent."""
    return text


def prompt_of_nobody(prompt: str, _id_no: str) -> str:
    """A prompt names nobody."""
    return prompt


def same_diagnosis(diagnosis: tuple[str, str]) -> tuple[str, str]:
    """Code and name as they were told."""
    return diagnosis


def as_agreed(members: Mapping[str, str]) -> Mapping[str, str]:
    """The members that were agreed with the province are sent."""
    return members


def detail_number(order: str, upload: int, line: int) -> str:
    """feedetl_sn: order, a number of the upload that never comes again, number of the line."""
    return f"{order}-{upload:03d}{line:03d}"


def every(count: int) -> int:
    """How many of so many lines are uploaded."""
    return count


def right_scope(fen: int) -> int:
    """An amount of scope is what the upload was answered."""
    return fen


def as_returned(quantity: str, fen: int) -> tuple[str, str]:
    """Count and amount of a return are below zero."""
    return quantity, to_yuan(fen)


def right_setl_id(_infno: str, setl_id: str) -> str:
    """A refund names the settlement that it takes back, whatever that was (infno)."""
    return setl_id


def as_profiled(path: str) -> str:
    """A transaction goes to the path that the profile gives it."""
    return path


def whole(answer: dict[str, object]) -> dict[str, object]:
    """The cashier is told everything."""
    return answer


def all_codes(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """Every trace code is sent, with all that the province asks."""
    return entries


def refund_flag(family: str, refund: bool) -> str:
    """refd_setl_flag of 3201: one position, or six."""
    return f"{int(refund):06d}" if family == "long" else str(int(refund))


def as_summed(data: dict[str, str]) -> dict[str, str]:
    """3201 has all that the province asks."""
    return data


def as_answered(output: Mapping[str, object]) -> Mapping[str, object]:
    """The platform's sums are the platform's own."""
    return output


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """The adapter's choices; see each default."""

    name: str = ""
    msgid: Callable[[str, str, int], str] = msgid
    masked: Callable[[str], str] = masked
    signtype: Callable[[str, str], str] = right_signtype
    omsgid: Callable[[str, str], str] = original_msgid
    line_fen: Callable[[str, str], int] = line_fen
    adds_up: Callable[[int, int], bool] = amounts_add_up
    sealed: Callable[[Sealing], dict[str, str]] = sealed
    signed_envelope: Callable[[Mapping[str, str], Mapping[str, object]], str] = envelope_signature
    members: Callable[[Mapping[str, str]], Mapping[str, str]] = as_agreed
    """What a province's envelope has beyond the national one."""
    own_codes: Callable[[Mapping[str, str]], Mapping[str, str]] = as_agreed
    """The province's codes for national ones."""
    input_as: Callable[[str], str] = unchanged
    """Whether input is an object or a string."""
    msgid_form: Callable[[str], str] = unchanged
    traced: Callable[[list[dict[str, str]]], list[dict[str, str]]] = all_codes
    refund_flag: Callable[[str, bool], str] = refund_flag
    stated: Callable[[dict[str, str]], dict[str, str]] = as_summed
    answered: Callable[[Mapping[str, object]], Mapping[str, object]] = as_answered
    wire_amount: Callable[[str, str, int], int] = stated_amount
    scanned: Callable[[str], str] = as_scanned
    account_flag: Callable[[bool], str] = as_asked
    prompt: Callable[[Reason, str], str] = prompt_for
    addressed: Callable[[str, str], str] = prompt_of_nobody
    """A prompt, for whoever was identified last."""
    coded: Callable[[str], str] = unchanged
    """The code of a line is the one that was rung up or ordered."""
    levelled: Callable[[str], str] = unchanged
    invoiced: Callable[[str], str] = unchanged
    """invono is the order."""
    disease: tuple[str, str] = ("", "")
    """dise_codg and dise_name: none, since nobody tells of one."""
    diagnosed: Callable[[tuple[str, str]], tuple[str, str]] = same_diagnosis
    """A stay's diagnosis is the one that it was begun with."""
    pries: bool = False
    """Asks the platform about people who are not there."""
    sent_at: Callable[[str], str] = unchanged
    """inf_time is the time of the command."""
    arose_at: Callable[[str], str] = unchanged
    """fee_ocur_time likewise."""
    began_at: Callable[[str], str] = unchanged
    """begntime likewise; of a registration the time of its slot."""
    path: Callable[[str], str] = as_profiled
    told: Callable[[dict[str, object]], dict[str, object]] = whole
    """What is answered to a command that was done."""
    survives_refusals: bool = True
    """The program goes on after something was refused."""
    reads_anew: bool = True
    """Whoever stands there is asked for a scan of their own; else the counter's first one serves."""
    counts_refunds: bool = True
    """The day's totals are less the refunds."""
    on_unknown: OnUnknown = OnUnknown.REVERSE
    refund_by: RefundBy = RefundBy.JOURNAL
    write_ahead: bool = True
    """A message stands in the journal before it is sent."""
    discards_leftovers: bool = True
    """What the scanner sent before the customer was asked is thrown away."""
    refusing_statuses: frozenset[int] = frozenset()
    """HTTP statuses that count as a refusal; none does, since a gateway knows nothing of what is booked."""
    heeds_echo: bool = True
    """An answer that names another message or code is nobody's answer."""
    caches_identities: bool = False
    """The identity of a code is kept, and the centre is not asked again."""
    pre_settles: bool = True
    """2101 goes before 2102."""
    remembers_unknown: bool = True
    """What was unknown before a restart is resolved after it."""
    needs_sign_in: bool = True
    """Nothing is done without a sign-in of today."""

    # Identification.
    cert_type: Callable[[str], str] = unchanged
    checks_activation: bool = True
    """An ID card whose owner has no active voucher is refused."""
    heeds_mismatch: bool = True
    """A face that is not recognised ends it."""
    notified_state: Callable[[bool], str | None] = true_state
    out_biz_no: Callable[[str, str, int], str] = own_number
    opter_type: Callable[[str], str] = right_opter_type
    device_type: Callable[[str], str] = right_device_type
    insuplc: Callable[[str], str] = unchanged
    centre_operator: Callable[[str], str] = unchanged
    more: Callable[[str], str] = proof_of_password
    asks_card_password_anew: bool = True
    """A card's password is typed for every payment."""
    checks_libraries: bool = True
    """A library of another width is not used."""
    release: Release = Release.PAID

    # Registration.
    frees_expired_locks: bool = True
    heeds_lock: bool = True
    """Nothing is registered on a lock that has expired."""
    counts_locks: bool = True
    """A slot that is taken is not locked again."""
    frees_refunded_slots: bool = True
    refunds_online_before_the_day_only: bool = True
    refunds_once: bool = True

    # Outpatient and inpatient.
    pending_of_own: bool = True
    """Only the identified person's records are shown."""
    pays_own_only: bool = True
    tells_nothing_pending: bool = True
    detail_number: Callable[[str, int, int], str] = detail_number
    uploaded: Callable[[int], int] = every
    scope: Callable[[int], int] = right_scope
    med_type: Callable[[str], str] = unchanged
    part_refund: PartRefund = PartRefund.ANEW
    books_part_refunds: bool = True
    sends_visit_data: bool = True
    """2203 goes before the settlement."""
    cleans_up: bool = True
    """What a failed registration or payment left at the platform is taken back."""
    on_unknown_upload: OnUnknownUpload = OnUnknownUpload.WITHDRAW
    reverses_admissions: bool = True
    """An admission without an answer is reversed."""
    withdraws_before_cancelling: bool = True
    """2302 goes before 2404."""
    identifies_anew: bool = True
    """A stay is settled with a fresh identification, not with that of its admission."""
    settles_after_discharge: bool = True
    as_returned: Callable[[str, int], tuple[str, str]] = as_returned
    named_refund: Callable[[str, str], str] = right_setl_id

    heeds_status: bool = True
    """Of several insurances the one that is in force is taken (psn_insu_stas), not the first."""
    business: Callable[[str], str] = unchanged
    """What the voucher centre is told that somebody identifies for (businessType)."""
    clinic: ClinicBehaviour = field(default_factory=ClinicBehaviour)
    """What a hospital makes of slots, doctors, stays and accounts."""
    desk: DeskBehaviour = field(default_factory=DeskBehaviour)
    """What a desk does while something is in doubt, and with what makes no sense."""
    hall: HallBehaviour = field(default_factory=HallBehaviour)
    """What only a government hall's terminal does."""
    shanghai: ShanghaiBehaviour = field(default_factory=ShanghaiBehaviour)
    """What only Shanghai's protocol has."""
    trusts: Trusting = as_told
    """Whom connections over TLS trust."""
    statement: StatementBehaviour = field(default_factory=StatementBehaviour)
    """How a day is compared with the platform's."""
    box: BoxBehaviour = field(default_factory=BoxBehaviour)
    """What is made of Alipay's box."""
