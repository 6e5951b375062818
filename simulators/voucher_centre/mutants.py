"""Centres with one known defect each, as the field has them: proof that a plan's rules detect it.

A mutant keeps other books, has other counters, goes by other settings than it says, or answers otherwise. Nothing else
of the simulator knows of it.
"""

from collections.abc import Mapping

from harness.errors import ConfigError
from simulators.voucher_centre import mutant_books as books
from simulators.voucher_centre import mutant_centres as centres
from simulators.voucher_centre import mutant_counters as counters
from simulators.voucher_centre.centre import Centre
from simulators.voucher_centre.channel_calls import ChannelCalls
from simulators.voucher_centre.library_calls import LibraryCalls
from simulators.voucher_centre.office import Books

_CENTRES: Mapping[str, type[Centre]] = {
    "codes-serve-twice": centres.ServesTwice,
    "codes-live-on": centres.LivesOn,
    "tokens-live-on": centres.TokensLiveOn,
    "tokens-die-early": centres.TokensDieEarly,
    "never-locks": centres.NeverLocks,
    "locks-early": centres.LocksEarly,
    "child-by-number": centres.ChildByNumber,
    "activation-for-ever": centres.WaitsForEver,
    "data-as-string": centres.DataAsString,
    "always-success": centres.AlwaysSuccess,
    "no-institution": centres.NoInstitution,
    "own-return-code": centres.OwnCode,
    "one-prompt": centres.OnePrompt,
    "no-remedy": centres.NoRemedy,
    "token-for-any-person": centres.AnyPerson,
    "lenient-fields": centres.Lenient,
    "empty-when-malformed": centres.NoAnswer,
}
_BOOKS: Mapping[str, Books] = {
    "codes-die-early": Books(codes=books.DieEarly),
    "no-province": Books(codes=books.NoProvince),
    "same-code": Books(codes=books.SameCode),
    "new-code-ends-old": Books(codes=books.NewEndsOld),
    "tokens-upper-case": Books(tokens=books.UpperCase),
    "token-stays": Books(tokens=books.TokenStays),
    "token-for-any-institution": Books(tokens=books.AnyInstitution),
    "any-face": Books(register=books.AnyFace),
    "one-code-for-all": Books(register=books.OneCodeForAll),
    "any-password-form": Books(vouchers=books.AnyForm),
    "old-passwords-serve": Books(vouchers=books.OldOnesServe),
    "unlocks-by-itself": Books(vouchers=books.UnlocksByItself),
    "any-place": Books(vouchers=books.AnyPlace),
    "first-place-stays": Books(vouchers=books.FirstPlaceStays),
    "binds-without-consent": Books(families=books.NoConsent),
    "shows-anybody": Books(families=books.ShowsAnybody),
    "never-unbinds": Books(families=books.NeverUnbinds),
    "pays-for-anybody": Books(promotion=books.PaysForAnybody),
    "pays-in-any-channel": Books(promotion=books.PaysInAnyChannel),
    "pays-too-much": Books(promotion=books.PaysTooMuch),
    "any-number-a-day": Books(promotion=books.AnyNumberADay),
    "no-review": Books(promotion=books.NoReview),
    "overdraws": Books(promotion=books.Overdraws),
    "keeps-rejected": Books(promotion=books.KeepsRejected),
    "face-again": Books(faces=books.FaceAgain),
    "face-for-anybody": Books(faces=books.FaceForAnybody),
    "face-for-ever": Books(faces=books.FaceForEver),
    "any-business-number": Books(faces=books.AnyBusinessNumber),
    "any-order": Books(activations=counters.AnyOrder),
    "names-another-step": Books(activations=counters.NamesAnotherStep),
    "done-too-soon": Books(activations=counters.DoneTooSoon),
    "consent-unread": Books(activations=counters.ConsentUnread),
}
_CHANNELS: Mapping[str, type[ChannelCalls]] = {
    "shows-unfinished": counters.ShowsUnfinished,
    "no-offline-use": counters.NoOfflineUse,
}
_LIBRARIES: Mapping[str, type[LibraryCalls]] = {
    "one-channel": counters.OneChannel,
    "other-birthday": counters.OtherBirthday,
    "index-by-channel": counters.IndexByChannel,
    "card-gives-token": counters.CardGivesToken,
    "first-face-stays": counters.FirstFaceStays,
    "result-for-anybody": counters.ResultForAnybody,
    "kind-unknown": counters.KindUnknown,
    "refusal-names-holder": counters.RefusalNames,
}


def _changed(kept: Books) -> type:
    """The kind of book that is not the usual one."""
    usual = vars(Books())
    kinds: dict[str, type] = vars(kept)
    return next(kind for name, kind in kinds.items() if kind is not usual[name])


MUTANTS: Mapping[str, str] = {
    name: (kind.__doc__ or "").strip().splitlines()[0]
    for name, kind in (
        *_CENTRES.items(),
        *((name, _changed(kept)) for name, kept in _BOOKS.items()),
        *_CHANNELS.items(),
        *_LIBRARIES.items(),
    )
}
"""Every mutant with what is wrong with it."""


def centre_for(mutant: str) -> type[Centre]:
    """The centre to open. Raises ConfigError for a mutant that does not exist."""
    if not mutant:
        return Centre
    if mutant not in MUTANTS:
        raise ConfigError(
            f"There is no mutant {mutant!r} of the voucher centre.",
            cause="a slip of the pen",
            remedy=f"use one of: {', '.join(MUTANTS)}",
        )
    if mutant in _CENTRES:
        return _CENTRES[mutant]

    class Mutant(Centre):
        """The usual centre with one part changed."""

        books = _BOOKS.get(mutant, Centre.books)
        channels = _CHANNELS.get(mutant, Centre.channels)
        library = _LIBRARIES.get(mutant, Centre.library)

    return Mutant
