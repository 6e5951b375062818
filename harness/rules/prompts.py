"""What the cashier reads: there when something went wrong, readable, and telling what to do."""

import re
from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.rules.registry import Observation, rule
from harness.rules.transactions import shown, text

ACTIVATE = re.compile("激活|activat", re.IGNORECASE)
MOJIBAKE = re.compile(
    "\N{REPLACEMENT CHARACTER}|锟斤拷|烫烫|ï»¿|ï¿½|\\?{3}|[\x80-\x9f]|[\xc0-\xff][\x80-\xbf]|[\ue000-\uf8ff]"
)
"""What text looks like that was read in the wrong charset: replacement characters, bytes shown as Latin-1, `???`."""


@rule("refusal-has-prompt")
def refusal_has_prompt(history: CaseHistory) -> Iterator[Observation]:
    """Whenever a sale is refused or its outcome unknown, the cashier is told why."""
    for operation in history.operations:
        if operation.answer is not None and operation.outcome in {"refused", "unknown"}:
            prompt = text(operation.answer.content.get("prompt"))
            if not prompt.strip():
                yield Observation(
                    seq=operation.last_seq,
                    expected=f"a prompt for the cashier ({operation.outcome})",
                    seen=shown(prompt),
                )


@rule("activation-is-prompted")
def activation_is_prompted(history: CaseHistory) -> Iterator[Observation]:
    """A person without an active voucher is asked to activate it."""
    for operation in history.operations:
        if operation.answer is not None and operation.answer.content.get("reason") == "not-activated":
            prompt = text(operation.answer.content.get("prompt"))
            if not ACTIVATE.search(prompt):
                yield Observation(seq=operation.last_seq, expected="a prompt with 激活 (activate)", seen=shown(prompt))


@rule("prompt-readable")
def prompt_readable(history: CaseHistory) -> Iterator[Observation]:
    """Every prompt is readable: nothing in it was decoded in the wrong charset."""
    for line in history.port:
        prompt = text(line.content.get("prompt")) if not line.sent else ""
        garbled = MOJIBAKE.search(prompt)
        if garbled:
            yield Observation(seq=line.seq, expected="readable text", seen=f"{garbled[0]!r} in {shown(prompt)}")
