"""SCPI as a single-output supply understands it, without I/O: program messages in, response texts out.

Headers in short or long form, in capitals or small letters, optional nodes left out or not; several commands in one
message parted by `;`, each relative to the one before unless it begins with `:` (IEEE 488.2, SCPI-99). What is wrong
goes to the error queue, which `SYST:ERR?` reads: an instrument never says more.

    *IDN? *RST *CLS *OPC? *OPC *ESR? *STB? *WAI *TST?
    OUTPut[:STATe] ON|OFF|1|0 / ?            [SOURce:]VOLTage[:LEVel][:IMMediate][:AMPLitude] volts|MIN|MAX|DEF / ?
    MEASure[:SCALar]:VOLTage|CURRent|POWer[:DC]?   [SOURce:]CURRent[:LEVel]… amperes|MIN|MAX|DEF / ?
    SYSTem:ERRor[:NEXT]? SYSTem:VERSion? SYSTem:REMote SYSTem:LOCal
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

QUEUE = 20
"""Errors that are kept; one more becomes an overflow."""
NO_ERROR = '0,"No error"'
UNDEFINED = (-113, "Undefined header")
NOT_ALLOWED = (-108, "Parameter not allowed")
MISSING = (-109, "Missing parameter")
WRONG_TYPE = (-104, "Data type error")
OUT_OF_RANGE = (-222, "Data out of range")
OVERRUN = (-363, "Input buffer overrun")
OVERFLOW = (-350, "Queue overflow")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(m|u|k)?([VA])?\Z", re.IGNORECASE)
_SCALES = {"": Decimal(1000), "m": Decimal(1), "u": Decimal("0.001"), "k": Decimal(1_000_000)}
"""To thousandths of the unit."""


class Output:
    """The supply's output: what is set, and what the load makes of it. Milli-units throughout."""

    def __init__(self, *, on: bool, volts_mv: int, limit_ma: int) -> None:
        self.on = on
        self.volts_mv = volts_mv
        self.limit_ma = limit_ma

    def across(self, load_ma: int) -> tuple[int, int]:
        """Voltage and current with a load that draws so much at the set voltage: limited, the voltage gives way."""
        if not self.on:
            return 0, 0
        if load_ma <= self.limit_ma:
            return self.volts_mv, load_ma
        return self.volts_mv * self.limit_ma // load_ma, self.limit_ma


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What can be set, in milli-units, and what the identity says."""

    identity: str
    most_mv: int
    most_ma: int


class ScpiSupply:
    """One supply. `fresh` gives the output as after power-on; `load_ma` is asked at each measurement."""

    def __init__(self, limits: Limits, *, fresh: Callable[[], Output], load_ma: Callable[[], int]) -> None:
        self._limits = limits
        self._fresh = fresh
        self._load_ma = load_ma
        self._errors: deque[tuple[int, str]] = deque()
        self._events = 0
        self.output = fresh()

    @property
    def errors(self) -> int:
        """How many errors wait in the queue."""
        return len(self._errors)

    def execute(self, message: str) -> str:
        """Carry out a program message; returns the responses of its queries parted by `;`, or nothing."""
        told = []
        path: list[str] = []
        for unit in message.split(";"):
            header, _, parameter = unit.strip().partition(" ")
            if not header:
                continue
            if header.startswith("*"):
                answer = self._common(header.upper(), parameter.strip())
            else:
                nodes = header.removeprefix(":").split(":")
                whole = nodes if header.startswith(":") else [*path, *nodes]
                path = whole[:-1]
                answer = self._command(":".join(whole), parameter.strip())
            if answer is not None:
                told.append(answer)
        return ";".join(told)

    def fail(self, error: tuple[int, str]) -> None:
        """Put an error into the queue."""
        self._events |= 1 << (5 if error[0] > -200 else 4 if error[0] > -300 else 3)
        if len(self._errors) >= QUEUE:
            self._errors[-1] = OVERFLOW
        else:
            self._errors.append(error)

    def _common(self, header: str, parameter: str) -> str | None:
        if parameter and header not in {"*ESE", "*SRE"}:
            self.fail(NOT_ALLOWED)
            return None
        match header:
            case "*IDN?":
                return self._limits.identity
            case "*OPC?" | "*TST?":
                return "1" if header == "*OPC?" else "0"
            case "*ESR?":
                events, self._events = self._events, 0
                return str(events)
            case "*STB?":
                return "4" if self._errors else "0"
            case "*RST":
                self.output = self._fresh()
            case "*CLS":
                self._errors.clear()
                self._events = 0
            case "*OPC":
                self._events |= 1
            case "*WAI" | "*ESE" | "*SRE":
                pass
            case _:
                self.fail(UNDEFINED)
        return None

    def _command(self, header: str, parameter: str) -> str | None:
        name = next((name for pattern, name in _COMMANDS if pattern.fullmatch(header)), None)
        if name is None:
            self.fail(UNDEFINED)
            return None
        if name.endswith("?"):
            return self._query(name, parameter)
        match name:
            case "output":
                self._switch(parameter)
            case "volts":
                self._set("volts_mv", parameter, "V", self._limits.most_mv)
            case "amperes":
                self._set("limit_ma", parameter, "A", self._limits.most_ma)
            case _ if parameter:
                self.fail(NOT_ALLOWED)
        return None

    def _query(self, name: str, parameter: str) -> str | None:
        most = {"volts?": self._limits.most_mv, "amperes?": self._limits.most_ma}.get(name)
        match parameter.upper():
            case "MIN" | "MINIMUM" if most is not None:
                return _spelled(0)
            case "MAX" | "MAXIMUM" if most is not None:
                return _spelled(most)
            case "":
                pass
            case _:
                self.fail(NOT_ALLOWED)
                return None
        output = self.output
        match name:
            case "output?":
                return "1" if output.on else "0"
            case "volts?":
                return _spelled(output.volts_mv)
            case "amperes?":
                return _spelled(output.limit_ma)
            case "error?":
                return f'{self._errors[0][0]},"{self._errors.popleft()[1]}"' if self._errors else NO_ERROR
            case "version?":
                return "1999.0"
            case _:
                volts_mv, current_ma = output.across(self._load_ma())
                measured = {
                    "measure volts?": volts_mv,
                    "measure amperes?": current_ma,
                    "measure watts?": volts_mv * current_ma // 1000,
                }
                return _spelled(measured[name])

    def _switch(self, parameter: str) -> None:
        match parameter.upper():
            case "ON" | "1":
                self.output.on = True
            case "OFF" | "0":
                self.output.on = False
            case "":
                self.fail(MISSING)
            case _:
                self.fail(WRONG_TYPE)

    def _set(self, what: str, parameter: str, unit: str, most: int) -> None:
        match parameter.upper():
            case "":
                self.fail(MISSING)
                return
            case "MIN" | "MINIMUM":
                value = 0
            case "MAX" | "MAXIMUM":
                value = most
            case "DEF" | "DEFAULT":
                value = int(getattr(self._fresh(), what))
            case _:
                parsed = _milli(parameter, unit)
                if parsed is None:
                    self.fail(WRONG_TYPE)
                    return
                value = parsed
        if not 0 <= value <= most:
            self.fail(OUT_OF_RANGE)
            return
        setattr(self.output, what, value)


def _milli(text: str, unit: str) -> int | None:
    """A number with or without its unit, in thousandths; None for what is none."""
    match = _NUMBER.fullmatch(text)
    if match is None or (match[3] and match[3].upper() != unit):
        return None
    try:
        return round(Decimal(match[1]) * _SCALES[(match[2] or "").lower()])
    except (InvalidOperation, OverflowError, ValueError):
        return None


def _spelled(milli: int) -> str:
    return f"{milli // 1000}.{milli % 1000:03d}"


def _pattern(header: str) -> re.Pattern[str]:
    """A regular expression for a header as manuals print it: `[SOURce:]VOLTage[:LEVel]?`."""
    spelled = re.sub(r"([A-Z]+)([a-z]*)", lambda m: f"{m[1]}(?:{m[2].upper()})?" if m[2] else m[1], header)
    spelled = spelled.replace("[", "(?:").replace("]", ")?").replace("!", r"\?")
    return re.compile(spelled, re.IGNORECASE)


_LEVEL = "[:LEVel][:IMMediate][:AMPLitude]"
_COMMANDS = tuple(
    (_pattern(header), name)
    for header, name in (
        ("OUTPut[:STATe]", "output"),
        ("OUTPut[:STATe]!", "output?"),
        (f"[SOURce:]VOLTage{_LEVEL}", "volts"),
        (f"[SOURce:]VOLTage{_LEVEL}!", "volts?"),
        (f"[SOURce:]CURRent{_LEVEL}", "amperes"),
        (f"[SOURce:]CURRent{_LEVEL}!", "amperes?"),
        ("MEASure[:SCALar]:VOLTage[:DC]!", "measure volts?"),
        ("MEASure[:SCALar]:CURRent[:DC]!", "measure amperes?"),
        ("MEASure[:SCALar]:POWer[:DC]!", "measure watts?"),
        ("SYSTem:ERRor[:NEXT]!", "error?"),
        ("SYSTem:VERSion!", "version?"),
        ("SYSTem:REMote", "remote"),
        ("SYSTem:LOCal", "local"),
    )
)
