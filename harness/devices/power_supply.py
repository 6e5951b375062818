"""The driver of a programmable power supply: SCPI through PyVISA, so that a case can cut a box's power and restore it.

    with PowerSupply.open("visa:TCPIP::10.0.0.9::5025::SOCKET") as supply:
        supply.set_voltage(5_000)
        with supply.cut():
            ...                        # the box is without power here
        print(supply.current_ma())

Any resource that PyVISA reaches will do (TCPIP, USB, GPIB, ASRL), also a simulated one (`library="fixture.yaml@sim"`).
The commands are those that single-output supplies share: OUTP, VOLT, CURR, MEAS. After each setting the error queue is
read, since an instrument says nothing of its own. Voltages and currents are whole millivolts and milliamperes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any, Self

import pyvisa

from harness.errors import ConfigError, PeerViolation
from harness.line.address import Address, Scheme, parse_address
from harness.line.client import Disconnected, HostRecorder
from harness.line.tape import Tape

TIMEOUT_MS = 3000
_STATES = {"1": True, "ON": True, "0": False, "OFF": False}
MOST_ERRORS = 100
"""How many errors are read at most before the queue is called endless."""


class PowerSupply:
    """A supply with one output. One thread at a time."""

    def __init__(self, resource: Any, *, name: str, recorder: HostRecorder) -> None:  # noqa: ANN401 - PyVISA's own
        self._resource = resource
        self._name = name
        self._recorder = recorder

    @classmethod
    def open(
        cls, address: str | Address, tape: Tape | None = None, *, name: str = "power-supply", library: str = "@py"
    ) -> Self:
        """Open a `visa:` address, or `tcp:` for raw SCPI over TCP; `library` is a VISA library as PyVISA names it.

        Raises Disconnected when it cannot be had, ConfigError for another kind of address.
        """
        where = parse_address(address) if isinstance(address, str) else address
        match where.scheme:
            case Scheme.VISA:
                resource_name = where.target
            case Scheme.TCP:
                resource_name = f"TCPIP::{where.host}::{where.port}::SOCKET"
            case _:
                raise ConfigError(
                    f"A power supply cannot be reached at {where}.",
                    cause="the address is of another kind of device",
                    remedy="write visa:TCPIP::HOST::5025::SOCKET, another VISA resource, or tcp:HOST:PORT",
                )
        try:
            resource: Any = pyvisa.ResourceManager(library).open_resource(resource_name)
            resource.timeout = TIMEOUT_MS
            resource.read_termination = resource.write_termination = "\n"
        except (pyvisa.Error, OSError, ValueError) as error:
            raise Disconnected(
                f"The power supply {resource_name} cannot be opened: {error}.",
                cause="it is off, the resource name is wrong, or the VISA library lacks its interface",
                remedy="check the name with the maker's manual; try to ping it",
            ) from error
        return cls(resource, name=str(where), recorder=HostRecorder(tape=tape, channel=f"{name}.visa"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; the output stays as it is. May be called twice."""
        try:
            self._resource.close()
        except (pyvisa.Error, OSError):
            return

    def identity(self) -> str:
        """Maker, model, serial number and firmware, as `*IDN?` has them. Raises Disconnected."""
        return self._ask("*IDN?")

    def reset(self) -> None:
        """`*RST` and an empty error queue. Raises ConfigError when the supply refuses, Disconnected."""
        self._do("*CLS;*RST")

    def is_on(self) -> bool:
        """Whether the output is on. Raises PeerViolation, Disconnected."""
        told = self._ask("OUTP?").strip().upper()
        if told not in _STATES:
            raise self._nonsense("OUTP?", repr(told[:80]))
        return _STATES[told]

    def switch(self, *, on: bool) -> None:
        """Switch the output, and return when it is done. Raises ConfigError, Disconnected."""
        self._do(f"OUTP {'ON' if on else 'OFF'}")

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Without power inside, with power after it, whatever happens inside. Raises as `switch`."""
        self.switch(on=False)
        try:
            yield
        finally:
            self.switch(on=True)

    def set_voltage(self, mv: int) -> None:
        """Set the output's voltage. Raises ConfigError for what the supply cannot give, Disconnected."""
        self._do(f"VOLT {_spelled(mv)}")

    def set_current_limit(self, ma: int) -> None:
        """Set the current limit. Raises ConfigError for what the supply cannot give, Disconnected."""
        self._do(f"CURR {_spelled(ma)}")

    @contextmanager
    def brown_out(self, mv: int) -> Iterator[None]:
        """A lower voltage inside, the one before after it. Raises as `set_voltage`."""
        before = self._milli("VOLT?")
        self.set_voltage(mv)
        try:
            yield
        finally:
            self.set_voltage(before)

    def voltage_mv(self) -> int:
        """The voltage at the output now. Raises PeerViolation, Disconnected."""
        return self._milli("MEAS:VOLT?")

    def current_ma(self) -> int:
        """The current that flows now: a box draws more while it illuminates. Raises PeerViolation, Disconnected."""
        return self._milli("MEAS:CURR?")

    def _do(self, command: str) -> None:
        """Send a command, await its end, and read the error queue."""
        self._write(command)
        if self._ask("*OPC?").strip() != "1":
            raise self._nonsense("*OPC?", "something else than 1")
        errors = []
        for _ in range(MOST_ERRORS):
            told = self._ask("SYST:ERR?")
            code = told.partition(",")[0].strip()
            if code.lstrip("+-").isdigit() and int(code) == 0:
                break
            errors.append(told)
        if errors:
            raise ConfigError(
                f"The power supply {self._name} refuses {command!r}: {'; '.join(errors)}.",
                cause="the value is out of its range, or this model spells the command otherwise",
                remedy="look it up in the supply's manual",
            )

    def _milli(self, question: str) -> int:
        return round(self._number(question) * 1000)

    def _number(self, question: str) -> Decimal:
        told = self._ask(question).strip()
        try:
            number = Decimal(told)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise self._nonsense(question, repr(told[:80]))
        return number

    def _ask(self, question: str) -> str:
        self._write(question)
        try:
            raw = bytes(self._resource.read_raw())
        except pyvisa.VisaIOError as error:
            raise self._gone(f"no answer to {question}: {error}") from error
        except (OSError, pyvisa.Error) as error:
            raise self._gone(str(error)) from error
        self._recorder.from_device(raw)
        return raw.decode("latin-1").strip()

    def _write(self, command: str) -> None:
        raw = command.encode("ascii") + b"\n"
        self._recorder.to_device(raw)
        try:
            self._resource.write_raw(raw)
        except (OSError, pyvisa.Error) as error:
            raise self._gone(str(error)) from error

    def _gone(self, why: str) -> Disconnected:
        return Disconnected(
            f"The power supply {self._name} does not answer: {why}.",
            cause="it is off, in local mode, the cable was pulled, or another program holds it",
            remedy="switch it on, set it to remote, and open it anew",
        )

    def _nonsense(self, question: str, told: str) -> PeerViolation:
        return PeerViolation(
            f"The power supply {self._name} answered {told} to {question}.",
            cause="it is another kind of instrument, or its dialect differs",
            remedy="check the resource name, and the commands in its manual",
        )


def _spelled(milli: int) -> str:
    if milli < 0:
        raise ConfigError(
            f"A power supply cannot be set to {milli} thousandths.", cause="a negative value", remedy="give 0 or more"
        )
    return f"{milli // 1000}.{milli % 1000:03d}"
