"""What the terminal's screen shows: a question for the keypad, a result, a word about what went wrong; all masked."""

from harness.line.record import JsonValue
from harness.money import format_yuan
from simulators.terminal.library import PinCall
from simulators.terminal.prompts import Prompt, Result, masked_name, masked_number
from simulators.terminal.refusals import Refusal

TYPED = {
    "confirmed": ("密码正确，正在结算", "Password taken; the payment goes on."),
    "wrong-password": ("密码错误", "Wrong password."),
    "declined": ("已取消支付", "You declined the payment."),
    "not-answered": ("超时未确认", "The time is over."),
}


class Screen:
    """The screen of one case."""

    def __init__(self) -> None:
        self._prompts: list[Prompt] = []
        self._result: Result | None = None
        self._said: tuple[str, str] = ("", "")

    def ask(self, prompt: Prompt) -> None:
        """A payment asks for its password; it comes after those that wait."""
        self._prompts.append(prompt)
        self._result = None
        self._said = ("", "")

    def question(self, now_ns: int) -> Prompt | None:
        """The oldest prompt that can still be answered."""
        self._prompts = [prompt for prompt in self._prompts if now_ns < prompt.expires_ns]
        return self._prompts[0] if self._prompts else None

    def answered(self, prompt: Prompt) -> None:
        """A prompt leaves the screen."""
        self._prompts = [other for other in self._prompts if other.id != prompt.id]

    def typed(self, result: str) -> None:
        """What came of a typed password."""
        self._said = TYPED.get(result, (result, result))

    def show(self, result: Result) -> None:
        """The result of a settlement."""
        self._result = result
        self._said = ("", "")

    def refused(self, refusal: Refusal) -> None:
        """A card that was not read."""
        self._said = (refusal.chinese, refusal.english)

    def as_json(self, *, pin: PinCall | None, now_ns: int) -> dict[str, JsonValue]:
        """What stands there."""
        return {
            "keypad": _pin(pin) if pin is not None else _password(self.question(now_ns)),
            "result": _result(self._result),
            "said": {"zh": self._said[0], "en": self._said[1]},
        }


def _pin(call: PinCall) -> dict[str, JsonValue]:
    person = call.card.person
    return {
        "what": "card-pin",
        "who": masked_name(person.name),
        "number": masked_number(person.id_no),
        "until_ms": call.held.until_ns // 1_000_000,
    }


def _password(prompt: Prompt | None) -> dict[str, JsonValue]:
    if prompt is None:
        return {}
    return {
        "what": "voucher-password",
        "number": masked_number(prompt.id_no),
        "amount": format_yuan(prompt.amount),
        "account": format_yuan(prompt.account),
        "to": prompt.institution_name,
        "until_ms": prompt.expires_ns // 1_000_000,
    }


def _result(result: Result | None) -> dict[str, JsonValue]:
    if result is None:
        return {}
    return {
        "succeeded": result.succeeded,
        "who": result.name,
        "total": format_yuan(result.total),
        "fund": format_yuan(result.fund),
        "account": format_yuan(result.account),
        "own": format_yuan(result.own),
    }
