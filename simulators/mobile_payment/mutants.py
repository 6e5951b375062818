"""Mobile-payment centres with one known defect each, as the field has them: proof that a plan's rules detect it.

A mutant has another desk or other numbers, goes by other settings than it says, answers otherwise, or seals otherwise.
Nothing else of the simulator knows of it.
"""

from collections.abc import Mapping

from harness.errors import ConfigError
from simulators.mobile_payment import mutant_answers as answers
from simulators.mobile_payment import mutant_centres as centres
from simulators.mobile_payment import mutant_doors as doors
from simulators.mobile_payment.app import MobilePayment
from simulators.mobile_payment.centre import Centre
from simulators.mobile_payment.insurance import Insurance

_CENTRES: Mapping[str, type[Centre]] = {
    "lenient-fields": centres.LenientFields,
    "field-unnamed": centres.FieldUnnamed,
    "another-reason": centres.AnotherReason,
    "short-numbers": centres.ShortNumbers,
    "same-token": centres.SameToken,
    "paid-when-placed": answers.PaidWhenPlaced,
    "refund-unseen": answers.RefundUnseen,
    "goes-back": answers.GoesBack,
    "own-part-forgotten": answers.OwnPartForgotten,
    "own-part-said-back": answers.OwnPartSaidBack,
    "settles-alone": centres.SettlesAlone,
    "never-ends-unpaid": centres.NeverEndsUnpaid,
    "ends-early": centres.EndsEarly,
    "charges-a-batch-twice": centres.ChargesTwice,
    "token-anew": answers.TokenAnew,
    "any-content": centres.AnyContent,
    "revokes-paid": centres.RevokesPaid,
    "order-of-anybody": centres.OrderOfAnybody,
    "loses-a-fen": answers.LosesAFen,
    "other-amounts-later": answers.OtherAmountsLater,
    "account-anyway": centres.AccountAnyway,
    "pre-settlement-off": answers.PreSettlementOff,
    "other-balance": answers.OtherBalance,
    "refunds-unpaid": centres.RefundsUnpaid,
    "refunds-too-much": centres.RefundsTooMuch,
    "two-authorisations": centres.TwoAuthorisations,
    "auth-serves-twice": centres.AuthServesTwice,
    "auth-of-anybody": centres.AuthOfAnybody,
    "auth-of-any-application": centres.AuthOfAnyApplication,
    "auth-for-ever": centres.AuthForEver,
    "auth-dies-early": centres.AuthDiesEarly,
    "notice-when-placed": centres.NoticeWhenPlaced,
    "notice-off": centres.NoticeOff,
    "notice-twice": centres.NoticeTwice,
    "notice-once": centres.NoticeOnce,
    "notice-too-soon": centres.NoticeTooSoon,
    "no-notice": centres.NoNotice,
}
_INSURANCES: Mapping[str, type[Insurance]] = {
    "never-reverses": centres.NeverReverses,
    "refund-not-booked": centres.RefundNotBooked,
}
_DOORS: Mapping[str, type[MobilePayment]] = {
    "refusals-as-500": doors.RefusalsAs500,
    "answers-in-der": doors.AnswersInDer,
    "answers-of-yesterday": doors.AnswersOfYesterday,
    "plain-data-beside": doors.PlainDataBeside,
    "always-success": doors.AlwaysSuccess,
    "own-code": doors.OwnCode,
    "refusal-tells-the-order": doors.RefusalTells,
    "any-signature": doors.AnySignature,
    "any-time": doors.AnyTime,
    "plain-accepted": doors.PlainAccepted,
    "notice-unsealed": doors.NoticeUnsealed,
}
MUTANTS: Mapping[str, str] = {
    name: (kind.__doc__ or "").strip().splitlines()[0]
    for table in (_CENTRES, _INSURANCES, _DOORS)
    for name, kind in table.items()
}
"""Every mutant with what is wrong with it."""


def payment_for(mutant: str) -> type[MobilePayment]:
    """The centre to run. Raises ConfigError for a mutant that does not exist."""
    if not mutant:
        return MobilePayment
    if mutant not in MUTANTS:
        raise ConfigError(
            f"There is no mutant {mutant!r} of the mobile-payment centre.",
            cause="a slip of the pen",
            remedy=f"use one of: {', '.join(MUTANTS)}",
        )
    if mutant in _DOORS:
        return _DOORS[mutant]

    class Mutant(MobilePayment):
        """The usual doors before a centre with one part changed."""

        centres = _CENTRES.get(mutant, MobilePayment.centres)
        insurances = _INSURANCES.get(mutant, MobilePayment.insurances)

    return Mutant
