"""Books with one known defect each: codes, tokens, passwords and places, families, promoters, face checks."""

from collections.abc import Callable
from dataclasses import replace

from fixtures.population import Institution, Person
from harness.money import Fen
from harness.wire.voucher import parse_code
from simulators.voucher_centre.codes import CodeBook, CodeRefused, IssuedCode
from simulators.voucher_centre.faces import FaceAuth, FaceAuths
from simulators.voucher_centre.family import Families
from simulators.voucher_centre.people import Register
from simulators.voucher_centre.promoters import PAID, Account, Promotion
from simulators.voucher_centre.tokens import Token, TokenBook
from simulators.voucher_centre.vouchers import Verdict, VoucherBook

# --- codes ---


class DieEarly(CodeBook):
    """Refuses a code as expired after half its life."""

    def spend(self, digits: str, *, now_ns: int) -> IssuedCode | CodeRefused:
        """Half of what was promised."""
        code = self._issued.get(digits)
        if code is not None and now_ns >= (code.issued_ns + code.expires_ns) // 2:
            return CodeRefused(why="expired")
        return super().spend(digits, now_ns=now_ns)


class NoProvince(CodeBook):
    """Leaves the province out of a code."""

    def issue(self, person: Person, channel: str, *, now_ns: int) -> IssuedCode:
        """With zeros in its place."""
        code = super().issue(person, channel, now_ns=now_ns)
        parts = parse_code(code.digits)
        code = replace(code, digits=replace(parts, province="00").digits)
        self._issued[code.digits] = code
        return code


class SameCode(CodeBook):
    """Gives a person the same code again as long as it lives, spent or not."""

    def issue(self, person: Person, channel: str, *, now_ns: int) -> IssuedCode:
        """The one from before."""
        for code in self._issued.values():
            if (code.person, code.channel) == (person, channel) and now_ns < code.expires_ns:
                return code
        return super().issue(person, channel, now_ns=now_ns)


class NewEndsOld(CodeBook):
    """Ends a person's earlier code as soon as they fetch another."""

    def issue(self, person: Person, channel: str, *, now_ns: int) -> IssuedCode:
        """And the others are spent."""
        self._used |= {code.digits for code in self._issued.values() if code.person == person}
        return super().issue(person, channel, now_ns=now_ns)


# --- tokens ---


class UpperCase(TokenBook):
    """Gives tokens in upper case."""

    def issue(
        self,
        person: Person,
        institution: str,
        digits: str,
        *,
        now_ns: int,
        place: str = "",
        by_face: bool = False,
        channel: str = "",
    ) -> Token:
        """In capitals."""
        token = super().issue(person, institution, digits, now_ns=now_ns, place=place, by_face=by_face, channel=channel)
        token = replace(token, text=token.text.upper())
        self._tokens[token.text] = token
        return token


class TokenStays(TokenBook):
    """Gives a person the token again that they have at that institution."""

    def issue(
        self,
        person: Person,
        institution: str,
        digits: str,
        *,
        now_ns: int,
        place: str = "",
        by_face: bool = False,
        channel: str = "",
    ) -> Token:
        """The one from before."""
        for token in self._tokens.values():
            if (token.person, token.institution) == (person, institution):
                return token
        return super().issue(person, institution, digits, now_ns=now_ns, place=place, by_face=by_face, channel=channel)


class AnyInstitution(TokenBook):
    """Confirms a token at every institution."""

    def valid(self, text: object, *, now_ns: int, institution: object = None) -> Token | None:
        """Whoever asks."""
        del institution
        return super().valid(text, now_ns=now_ns)


# --- the registers ---


class AnyFace(Register):
    """Takes every face for the person's."""

    def face_problem(self, person: Person, face_of: object) -> str:
        """None, ever."""
        del face_of
        return super().face_problem(person, person.id_no)


class OneCodeForAll(Register):
    """Gives all institutions one and the same code."""

    def own_code(self, institution: Institution) -> str:
        """The first one's."""
        return super().own_code(replace(institution, code="P63999900001"))


# --- passwords and places ---


class AnyForm(VoucherBook):
    """Takes a password of any form."""

    def set_password(self, person: Person, password: str) -> None:
        """As it comes."""
        voucher = self.of(person)
        voucher.password, voucher.wrong, voucher.locked = password, 0, False


class OldOnesServe(VoucherBook):
    """Takes an old password after it was changed."""

    def set_password(self, person: Person, password: str) -> None:
        """And keep the old one."""
        old = self.of(person).password
        super().set_password(person, password)
        self._old().setdefault(person.id_no, []).append(old)

    def check_password(self, person: Person, matches: Callable[[str], bool]) -> Verdict:
        """Any of them."""
        locked = self.is_locked(self.of(person))
        if not locked and any(matches(old) for old in self._old().get(person.id_no, ())):
            return Verdict.RIGHT
        return super().check_password(person, matches)

    def _old(self) -> dict[str, list[str]]:
        known: dict[str, list[str]] = self.__dict__.setdefault("_kept", {})
        return known


class UnlocksByItself(VoucherBook):
    """Takes the right password although it is locked."""

    def check_password(self, person: Person, matches: Callable[[str], bool]) -> Verdict:
        """Right is right."""
        voucher = self.of(person)
        if voucher.password and matches(voucher.password):
            voucher.wrong, voucher.locked = 0, False
        return super().check_password(person, matches)


class AnyPlace(VoucherBook):
    """Lets a person choose any insured place."""

    def choose_place(self, person: Person, place: str, offered: tuple[str, ...]) -> None:
        """As if it were offered."""
        super().choose_place(person, place, (*offered, place))


class FirstPlaceStays(VoucherBook):
    """Acknowledges another insured place and keeps the first."""

    def choose_place(self, person: Person, place: str, offered: tuple[str, ...]) -> None:
        """Unless there is none."""
        before = self.of(person).place
        super().choose_place(person, place, offered)
        self.of(person).place = before or place


# --- families ---


class NoConsent(Families):
    """Binds a member without the consent page."""

    def handle(self, holder: Person, body: dict[str, object]) -> dict[str, object]:
        """As if they had agreed."""
        return super().handle(holder, {**body, "agreed": True})


class ShowsAnybody(Families):
    """Shows the code of anybody whose ID number is known."""

    def bound(self, holder: Person, id_no: object) -> Person | None:
        """Whoever it is."""
        del holder
        return self._register.person(id_no)


class NeverUnbinds(Families):
    """Acknowledges that a member is unbound and keeps them."""

    def _unbind(self, holder: Person, id_no: str) -> None:
        if self.bound(holder, id_no) is None:
            super()._unbind(holder, id_no)


# --- promoters ---


class PaysForAnybody(Promotion):
    """Pays for people who had their voucher before."""

    def earn(self, code: str, person: Person, *, channel: str, newly: bool) -> None:
        """As if it were new."""
        del newly
        super().earn(code, person, channel=channel, newly=True)


class PaysInAnyChannel(Promotion):
    """Pays for activations in channels that are not paid for."""

    def earn(self, code: str, person: Person, *, channel: str, newly: bool) -> None:
        """As if it were the promoter's."""
        del channel
        super().earn(code, person, channel=self._account(code).promoter.channel, newly=newly)


class PaysTooMuch(Promotion):
    """Pays one yuan more than the rules allow."""

    def earn(self, code: str, person: Person, *, channel: str, newly: bool) -> None:
        """And a little more."""
        account = self._account(code)
        before = len(account.people)
        super().earn(code, person, channel=channel, newly=newly)
        if len(account.people) > before:
            account.balance = Fen(account.balance + 200)


class AnyNumberADay(Promotion):
    """Pays out as often a day as it is asked."""

    def _withdraw(self, account: Account, body: dict[str, object]) -> dict[str, object]:
        for one in account.withdrawals:
            one.day = ""
        return super()._withdraw(account, body)


class NoReview(Promotion):
    """Pays any amount at once, without a review."""

    def _withdraw(self, account: Account, body: dict[str, object]) -> dict[str, object]:
        found = super()._withdraw(account, body)
        account.withdrawals[-1].state = PAID
        return {**found, "result": PAID}


class Overdraws(Promotion):
    """Pays out more than the balance."""

    def _withdraw(self, account: Account, body: dict[str, object]) -> dict[str, object]:
        before = account.balance
        account.balance = Fen(before + 100_000)
        try:
            return super()._withdraw(account, body)
        finally:
            account.balance = Fen(account.balance - 100_000)


class KeepsRejected(Promotion):
    """Keeps the money of a withdrawal that was rejected."""

    def _review(self, account: Account, body: dict[str, object]) -> dict[str, object]:
        before = account.balance
        super()._review(account, body)
        account.balance = before
        found = account.withdrawals[-1]
        return {**self._shown(account), "withdrawalNo": found.number, "result": found.state}


# --- face checks ---


class FaceAgain(FaceAuths):
    """Lets one face check give one identity after another."""

    def waiting(self, number: str, institution: str, business_number: str, *, now_ns: int) -> FaceAuth | None:
        """As if it had not been used."""
        auth = self._begun.get(number)
        if auth is not None:
            auth.person = None
        return super().waiting(number, institution, business_number, now_ns=now_ns)


class FaceForAnybody(FaceAuths):
    """Lets any institution use another's face check."""

    def waiting(self, number: str, institution: str, business_number: str, *, now_ns: int) -> FaceAuth | None:
        """Whoever began it."""
        auth = self._begun.get(number)
        begun = auth.institution if auth is not None else institution
        return super().waiting(number, begun, business_number, now_ns=now_ns)


class FaceForEver(FaceAuths):
    """Takes a face long after the face check has ended."""

    def _is_over(self, auth: FaceAuth, now_ns: int) -> bool:
        """Never."""
        del auth, now_ns
        return False


class AnyBusinessNumber(FaceAuths):
    """Begins a face check with a business number that was used before."""

    def begin(self, institution: Institution, business_number: str, *, now_ns: int) -> FaceAuth | None:
        """Forget that it was."""
        self._business_numbers.clear()
        return super().begin(institution, business_number, now_ns=now_ns)
