"""Where a file of a run's folder says something else than the tape; a pure comparison of JSON values."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SHOWN = 200
"""So many characters of a value are shown."""
NAMED = 3
"""So many names of a list's difference are shown."""
NOTHING = "nothing"


class How(StrEnum):
    """In what way a file is not what the tape says."""

    CHANGED = "changed"
    LACKING = "lacking"
    ADDED = "added"
    MISSING = "missing"
    """There is no such file."""
    DAMAGED = "damaged"
    """The file cannot be read."""
    ENDLESS = "endless"
    """The tape does not hold the end of its run."""
    FORGED = "forged"
    """The signature is none over the certificate by the key that this one names."""
    STRANGE = "strange"
    """The certificate has a format that nobody knows here."""
    EXCHANGED = "exchanged"
    """The file is not the one that was signed."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The likely cause of a difference and what to try, each in English and Chinese."""

    cause: tuple[str, str]
    remedy: tuple[str, str]


_FROM_ORIGIN = (
    "get the folder again from where the run was made; the tape alone can still be judged and reported",
    "请从运行所在机器重新取得该目录；仍可仅凭录带重新判定和生成报告",
)
_RUN_AGAIN = ("run the cases again, and let the run end", "请重新执行用例，并等待运行结束")
_EDITED = Advice(
    cause=("the file was edited after the run, or taken from another run", "文件在运行后被编辑，或取自另一次运行"),
    remedy=_FROM_ORIGIN,
)
_INCOMPLETE = Advice(
    cause=(
        "the run was killed or its disk was full, or a copy was not completed",
        "运行被强行终止、磁盘已满，或复制未完成",
    ),
    remedy=(
        "copy the whole folder again; if it is so at its origin, run the cases again",
        "请重新复制整个目录；若原目录亦如此，请重新执行用例",
    ),
)
ADVICE: Mapping[How, Advice] = {
    How.CHANGED: _EDITED,
    How.ADDED: _EDITED,
    How.LACKING: _EDITED,
    How.MISSING: _INCOMPLETE,
    How.DAMAGED: _INCOMPLETE,
    How.ENDLESS: Advice(
        cause=(
            "the run was killed or its machine went down, or the tape was cut",
            "运行被强行终止、机器掉电，或录带被截短",
        ),
        remedy=_RUN_AGAIN,
    ),
    How.FORGED: Advice(
        cause=(
            "certificate or signature was edited, or one of them belongs to another run",
            "证书或签名被编辑，或二者之一属于另一次运行",
        ),
        remedy=("ask the signer for both files again", "请向签名方重新索取这两个文件"),
    ),
    How.STRANGE: Advice(
        cause=("another version of Liantiao signed the run", "运行由其他版本的 Liantiao 签名"),
        remedy=("check it with the version that signed it", "请用签名时的版本核验"),
    ),
    How.EXCHANGED: Advice(
        cause=("the file was edited, cut or exchanged after it was signed", "文件在签名后被编辑、截短或替换"),
        remedy=_FROM_ORIGIN,
    ),
}
"""What people are told beside a difference of each kind."""
BROKEN = Advice(
    cause=(
        "the tape was cut or changed after the run, or the run was killed",
        "录带在运行后被截短或改动，或运行被强行终止",
    ),
    remedy=(
        "get tape.bin again from where the run was made; if it is so at its origin, run the cases again",
        "请从运行所在机器重新取得 tape.bin；若原文件亦如此，请重新执行用例",
    ),
)
"""What people are told beside a tape that breaks."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A place where a file does not say what the tape does."""

    file: str
    how: How
    place: str = ""
    """`rules.log-name.severity`; empty for the whole file."""
    expected: str = ""
    """By the tape; short."""
    seen: str = ""
    """In the file; short."""

    @property
    def en(self) -> str:
        """The sentence."""
        match self.how:
            case How.CHANGED:
                return f"{self.file}, {self.place} is not what the tape says"
            case How.LACKING:
                return f"{self.file}, {self.place} is on the tape and is missing here"
            case How.ADDED:
                return f"{self.file}, {self.place} is not on the tape"
            case How.MISSING:
                return f"{self.file} is missing: the run was ended before it was written, or somebody took it away"
            case How.DAMAGED:
                return f"{self._where} is cut short or damaged"
            case How.ENDLESS:
                return f"{self.file} does not hold the end of the run: it was ended early, or its end was cut off"
            case How.FORGED:
                return (
                    f"{self.file} is no signature over certificate.json by the key named there: one of them was changed"
                )
            case How.STRANGE:
                return f"{self.file} is of a format that this version of Liantiao does not know"
            case How.EXCHANGED:
                return f"{self.file} is not the file that was signed"

    @property
    def zh(self) -> str:
        """The same in Chinese."""
        match self.how:
            case How.CHANGED:
                return f"{self.file} 中 {self.place} 与录带不符"
            case How.LACKING:
                return f"{self.file} 缺少录带所载的 {self.place}"
            case How.ADDED:
                return f"{self.file} 中的 {self.place} 不在录带上"
            case How.MISSING:
                return f"缺少 {self.file}"
            case How.DAMAGED:
                return f"{self._where} 不完整或已损坏"
            case How.ENDLESS:
                return f"{self.file} 未载运行的结束：运行提前终止，或结尾被截去"
            case How.FORGED:
                return f"{self.file} 不是 certificate.json 所载密钥对其作出的签名：二者之一已被改动"
            case How.STRANGE:
                return f"{self.file} 的格式本版本无法识别"
            case How.EXCHANGED:
                return f"{self.file} 不是签名时的文件"

    @property
    def advice(self) -> Advice:
        """The likely cause, and what to try."""
        return ADVICE[self.how]

    @property
    def _where(self) -> str:
        return f"{self.file}, {self.place}" if self.place else self.file

    def lines(self) -> tuple[str, ...]:
        """The sentence, and what was expected and seen where there is such, for a terminal."""
        more = (f"  expected: {self.expected}", f"  seen:     {self.seen}") if self.expected or self.seen else ()
        return (self.en, *more)


def differences(file: str, expected: Any, seen: Any, place: str = "") -> Iterator[Difference]:  # noqa: ANN401 - JSON
    """Every place at which two JSON values differ, in the order of the expected one."""
    match expected, seen:
        case Mapping(), Mapping():
            for name in expected:
                inner = f"{place}.{name}" if place else str(name)
                if name in seen:
                    yield from differences(file, expected[name], seen[name], inner)
                else:
                    yield Difference(
                        file=file, how=How.LACKING, place=inner, expected=brief(expected[name]), seen=NOTHING
                    )
            for name in seen:
                if name not in expected:
                    inner = f"{place}.{name}" if place else str(name)
                    yield Difference(file=file, how=How.ADDED, place=inner, expected=NOTHING, seen=brief(seen[name]))
        case list(), list() if len(expected) == len(seen) and all(isinstance(one, Mapping) for one in expected):
            for number, (one, other) in enumerate(zip(expected, seen, strict=True), start=1):
                yield from differences(file, one, other, f"{place}[{number}]")
        case list(), list() if expected != seen:
            yield Difference(
                file=file, how=How.CHANGED, place=place, expected=brief(expected), seen=_beside(expected, seen)
            )
        case _ if not same(expected, seen):
            yield Difference(file=file, how=How.CHANGED, place=place, expected=brief(expected), seen=brief(seen))


def same(one: object, other: object) -> bool:
    """Whether two JSON values are spelled alike; 1 is not true."""
    return type(one) is type(other) and one == other


def brief(value: object) -> str:
    """A JSON value in a line; of a long list how many there are and the first."""
    if isinstance(value, list) and len(json.dumps(value)) > SHOWN:
        return f"{len(value)} entries: {_some([brief(one) for one in value])}"
    spelled = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return spelled if len(spelled) <= SHOWN else f"{spelled[:SHOWN]}…"


def _beside(expected: Sequence[object], seen: Sequence[object]) -> str:
    """A list beside another one: what it lacks and what it has more."""
    wanted, found = [brief(one) for one in expected], [brief(one) for one in seen]
    less = [one for one in wanted if one not in found]
    more = [one for one in found if one not in wanted]
    parts = [f"lacks {len(less)}: {_some(less)}"] if less else []
    parts += [f"has {len(more)} more: {_some(more)}"] if more else []
    return f"{len(seen)} entries; {'; '.join(parts) or 'another order, or one twice'}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" (+{len(names) - NAMED})" if len(names) > NAMED else "")
