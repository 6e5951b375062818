"""The access server's side of RFC 2217, without I/O: what a client's words do to a port, and what is answered.

The port is anything with the face `SharedPort`: a virtual box's own end (with modem lines that a pty lacks), or a real
port of this machine. A value that the port refuses leaves it as it was, and the answer says what holds, as the RFC
wants.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum
from typing import Protocol

from harness.line.rfc2217 import (
    PARITIES,
    SERVER,
    STOP_SIZES,
    ComPort,
    ComPortCommand,
    Control,
    Data,
    Modem,
    Negotiation,
    Option,
    Verb,
    Word,
    com_port,
    negotiation,
)
from harness.line.serial_format import SerialFormat

SIGNATURE = b"liantiao"
_BACKWARDS_PARITY = {number: parity for parity, number in PARITIES.items()}
_BACKWARDS_STOP = {number: stop for stop, number in STOP_SIZES.items()}
_OURS = frozenset({Option.BINARY, Option.ECHO, Option.SUPPRESS_GO_AHEAD, Option.COM_PORT})
_THEIRS = frozenset({Option.BINARY, Option.SUPPRESS_GO_AHEAD, Option.COM_PORT})


class Flow(Enum):
    """The handshake of a port."""

    NONE = Control.NO_FLOW
    XON_XOFF = Control.XON_XOFF
    HARDWARE = Control.HARDWARE


class Purge(Enum):
    """What a client wants forgotten, seen from the port."""

    RECEIVED = 1
    TO_SEND = 2
    BOTH = 3


class SharedPort(Protocol):
    """A serial port that clients may set."""

    @property
    def format(self) -> SerialFormat:
        """How it is set."""
        ...

    def configure(self, wanted: SerialFormat) -> None:
        """Set it as far as it can be; `format` tells what holds. Raises ValueError for what it cannot do."""
        ...

    def set_flow(self, flow: Flow) -> None:
        """Set the handshake. Raises ValueError for what it cannot do."""
        ...

    def set_output(self, *, dtr: bool | None = None, rts: bool | None = None, pause: bool | None = None) -> None:
        """Set DTR, RTS or the break condition."""
        ...

    def modem(self) -> Modem:
        """The lines that it reads: CTS, DSR, RI, CD."""
        ...

    def purge(self, what: Purge) -> None:
        """Forget what is under way."""
        ...


class Session:
    """One client's connection to a port."""

    def __init__(self, port: SharedPort) -> None:
        self._port = port
        self._ours: dict[int, bool] = {}
        self._theirs: dict[int, bool] = {}
        self._modem_mask = Modem(0xFF)
        self._modem = port.modem()
        self._flow = Flow.NONE
        self._dtr = self._rts = self._break = False
        self._told = False
        self.suspended = False
        """The client wants no data for now."""

    def greeting(self) -> bytes:
        """What the server says first."""
        offered = [(Verb.WILL, option) for option in (Option.ECHO, Option.SUPPRESS_GO_AHEAD, Option.COM_PORT)]
        wanted = [(Verb.DO, option) for option in (Option.SUPPRESS_GO_AHEAD, Option.BINARY, Option.COM_PORT)]
        self._ours |= dict.fromkeys((option for _, option in offered), True)
        self._theirs |= dict.fromkeys((option for _, option in wanted), True)
        return b"".join(negotiation(verb, option) for verb, option in (*offered, *wanted))

    def take(self, words: Iterable[Word], to_port: Callable[[bytes], None]) -> bytes:
        """Do what the client says; data goes to `to_port` in its place. Returns what is to be answered."""
        answer = bytearray()
        for word in words:
            match word:
                case Data(data=data):
                    to_port(data)
                case Negotiation(verb=verb, option=option):
                    answer += self._negotiate(verb, option)
                    if verb is Verb.WILL and option == Option.COM_PORT:
                        answer += self._agreed()
                case ComPortCommand(number=number, value=value):
                    answer += self._agreed()
                    answer += self._command(number, value)
        return bytes(answer)

    def modem_changed(self) -> bytes:
        """The notice of the port's modem lines, if they have changed and the client wants to know."""
        now = self._port.modem() & Modem(0xF0)
        changed = now ^ (self._modem & Modem(0xF0))
        self._modem = now
        if not changed & self._modem_mask:
            return b""
        fell = Modem.RI_FELL if changed & Modem.RI and not now & Modem.RI else Modem(0)
        deltas = Modem((int(changed) >> 4) & ~int(Modem.RI_FELL)) | fell
        return com_port(SERVER + ComPort.NOTIFY_MODEMSTATE, bytes([now | deltas]))

    def _negotiate(self, verb: Verb, option: int) -> bytes:
        """Answer only what changes something, or two ends could talk for ever (RFC 854)."""
        match verb:
            case Verb.DO | Verb.DONT:
                wanted, ours, yes, no = verb is Verb.DO, self._ours, Verb.WILL, Verb.WONT
                able = option in _OURS
            case _:
                wanted, ours, yes, no = verb is Verb.WILL, self._theirs, Verb.DO, Verb.DONT
                able = option in _THEIRS
        if ours.get(option, False) == wanted:
            return b""
        if wanted and not able:
            return negotiation(no, option)
        ours[option] = wanted
        return negotiation(yes if wanted else no, option)

    def _agreed(self) -> bytes:
        """The client speaks com-port, by its word or by its first command: it is told the lines, as some wait for that.

        pyserial leaves its word out when the server's offer comes first.
        """
        if self._told:
            return b""
        self._told = True
        return com_port(SERVER + ComPort.NOTIFY_MODEMSTATE, bytes([self._modem & Modem(0xF0)]))

    def _command(self, number: int, value: bytes) -> bytes:
        try:
            command = ComPort(number)
        except ValueError:
            return b""
        match command:
            case ComPort.SIGNATURE:
                return b"" if value else com_port(SERVER + command, SIGNATURE)
            case ComPort.SET_BAUDRATE | ComPort.SET_DATASIZE | ComPort.SET_PARITY | ComPort.SET_STOPSIZE:
                self._configure(command, int.from_bytes(value, "big"))
                return com_port(SERVER + command, self._setting(command))
            case ComPort.SET_CONTROL if len(value) == 1:
                said = self._control(value[0])
                return b"" if said is None else com_port(SERVER + command, bytes([said]))
            case ComPort.NOTIFY_LINESTATE:
                return com_port(SERVER + command, b"\x00")
            case ComPort.NOTIFY_MODEMSTATE:
                self._modem = self._port.modem() & Modem(0xF0)
                return com_port(SERVER + command, bytes([self._modem]))
            case ComPort.FLOWCONTROL_SUSPEND | ComPort.FLOWCONTROL_RESUME:
                self.suspended = command is ComPort.FLOWCONTROL_SUSPEND
                return b""
            case ComPort.SET_LINESTATE_MASK if len(value) == 1:
                return com_port(SERVER + command, value)
            case ComPort.SET_MODEMSTATE_MASK if len(value) == 1:
                self._modem_mask = Modem(value[0])
                return com_port(SERVER + command, value)
            case ComPort.PURGE_DATA if value in (b"\x01", b"\x02", b"\x03"):
                self._port.purge(Purge(value[0]))
                return com_port(SERVER + command, value)
            case _:
                return b""

    def _configure(self, command: ComPort, value: int) -> None:
        """Zero asks only."""
        held = self._port.format
        try:
            match command:
                case _ if value == 0:
                    return
                case ComPort.SET_BAUDRATE:
                    wanted = replace(held, baud=value)
                case ComPort.SET_DATASIZE:
                    wanted = replace(held, data_bits=value)
                case ComPort.SET_PARITY:
                    wanted = replace(held, parity=_BACKWARDS_PARITY[value])
                case _:
                    wanted = replace(held, stop_bits=_BACKWARDS_STOP[value])
            self._port.configure(wanted)
        except (ValueError, KeyError):
            return

    def _setting(self, command: ComPort) -> bytes:
        held = self._port.format
        match command:
            case ComPort.SET_BAUDRATE:
                return held.baud.to_bytes(4, "big")
            case ComPort.SET_DATASIZE:
                return bytes([held.data_bits])
            case ComPort.SET_PARITY:
                return bytes([PARITIES[held.parity]])
            case _:
                return bytes([STOP_SIZES[held.stop_bits]])

    def _control(self, value: int) -> int | None:
        """What is answered to SET_CONTROL; None for what is none."""
        try:
            control = Control(value)
        except ValueError:
            return None
        match control:
            case Control.NO_FLOW | Control.XON_XOFF | Control.HARDWARE:
                try:
                    self._port.set_flow(Flow(control))
                except ValueError:
                    return self._flow.value
                self._flow = Flow(control)
            case Control.ASK_FLOW:
                return self._flow.value
            case Control.ASK_FLOW_IN | Control.NO_FLOW_IN | Control.XON_XOFF_IN | Control.HARDWARE_IN:
                return Control.NO_FLOW_IN
            case Control.BREAK_ON | Control.BREAK_OFF:
                self._break = control is Control.BREAK_ON
                self._port.set_output(pause=self._break)
            case Control.ASK_BREAK:
                return Control.BREAK_ON if self._break else Control.BREAK_OFF
            case Control.DTR_ON | Control.DTR_OFF:
                self._dtr = control is Control.DTR_ON
                self._port.set_output(dtr=self._dtr)
            case Control.ASK_DTR:
                return Control.DTR_ON if self._dtr else Control.DTR_OFF
            case Control.RTS_ON | Control.RTS_OFF:
                self._rts = control is Control.RTS_ON
                self._port.set_output(rts=self._rts)
            case Control.ASK_RTS:
                return Control.RTS_ON if self._rts else Control.RTS_OFF
        return control
