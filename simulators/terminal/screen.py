"""What the terminal's screen shows: a question for the keypad, a result, a word about what went wrong; all masked.

How long a question stays is counted from its arrival by the terminal's own timer, as long as its sender said.
"""

from harness.clock import Clock
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

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._prompts: list[Prompt] = []
        self._deadlines: dict[str, int] = {}
        self._result: Result | None = None
        self._said: tuple[str, str] = ("", "")

    def is_new(self, prompt: Prompt) -> bool:
        """Whether no prompt with this id has come before; one that comes twice is shown once."""
        return prompt.id not in self._deadlines

    def ask(self, prompt: Prompt) -> None:
        """A payment asks for its password; it comes after those that wait."""
        life_ns = prompt.expires_ns - self._clock.now_ns()
        self._deadlines.setdefault(prompt.id, self._clock.elapsed_ns() + life_ns)
        self._prompts.append(prompt)
        self._result = None
        self._said = ("", "")

    def question(self) -> Prompt | None:
        """The oldest prompt that can still be answered."""
        self._prompts = [prompt for prompt in self._prompts if self._left_ns(prompt) > 0]
        return self._prompts[0] if self._prompts else None

    def _keypad(self, pin: PinCall | None) -> dict[str, JsonValue]:
        """What is asked for, and until when."""
        prompt = self.question()
        if pin is not None:
            asked, left_ns = _pin(pin), pin.held.left_ns
        elif prompt is not None:
            asked, left_ns = _password(prompt), self._left_ns(prompt)
        else:
            return {}
        return {**asked, "until_ms": (self._clock.now_ns() + left_ns) // 1_000_000}

    def _left_ns(self, prompt: Prompt) -> int:
        return self._deadlines[prompt.id] - self._clock.elapsed_ns()

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

    def as_json(self, *, pin: PinCall | None) -> dict[str, JsonValue]:
        """What stands there."""
        return {
            "keypad": self._keypad(pin),
            "result": _result(self._result),
            "said": {"zh": self._said[0], "en": self._said[1]},
        }


def _pin(call: PinCall) -> dict[str, JsonValue]:
    person = call.card.person
    return {"what": "card-pin", "who": masked_name(person.name), "number": masked_number(person.id_no)}


def _password(prompt: Prompt) -> dict[str, JsonValue]:
    return {
        "what": "voucher-password",
        "number": masked_number(prompt.id_no),
        "amount": format_yuan(prompt.amount),
        "account": format_yuan(prompt.account),
        "to": prompt.institution_name,
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
        **({} if result.medical is None else {"medical": format_yuan(result.medical)}),
    }
