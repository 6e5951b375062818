"""The SSI dialect of the box: parameters by number, packets answered with ACK or NAK, scans raw or in packets.

NAK RESEND for a wrong checksum, BAD_CONTEXT for what is no command of a host, DENIED for a value out of range, an
unknown parameter, or a session outside host mode; silence for what is no packet, and to the byte that wakes the box.

Assumed: PARAM_SEND is taken whole or not at all; unknown numbers in PARAM_REQUEST are left out of the reply, and if
none is known the reply is BAD_CONTEXT; events are not acknowledged; packets hold prefix, id and data, no suffix; the
texts of the revision and the layout of the capabilities.
"""

from collections.abc import Mapping
from dataclasses import replace

from harness.wire.scanner.framing import Malformed
from harness.wire.scanner.ssi import (
    ALL_PARAMETERS,
    CHARACTER_TIMEOUT_S,
    DECODER,
    NO_BEEP,
    BadChecksum,
    DecoderSide,
    Event,
    Nak,
    Op,
    Packet,
    Status,
    encode,
    encode_decode_data,
    encode_parameters,
    parse_parameter_numbers,
    parse_parameters,
    sent_again,
)
from harness.wire.scanner.ssi_parameters import (
    AIM_ID,
    BAUD,
    BAUDS,
    BEEP,
    BOOT_EVENT,
    CLONE_RESET,
    CLONE_SUFFIX,
    CLONE_SUFFIXES,
    DECODE_EVENT,
    GOOD_READ,
    HANDSHAKE,
    PACKETED,
    PARAMETER_EVENT,
    PARAMETERS,
    RESPONSE_TIMEOUT,
    SAME_CODE,
    SESSION,
    TRIGGER_MODE,
)
from simulators.scanner import dialect
from simulators.scanner.box import Conduct
from simulators.scanner.courier import Courier
from simulators.scanner.dialect import Action, Changed, Pull, Restart, Send, Signal, not_understood
from simulators.scanner.mutants import Mutant, checked, conduct_of, ids_for
from simulators.scanner.optics import Sighting
from simulators.scanner.settings import Mode, ScannerSettings
from simulators.scanner.style import ScanStyle, Store, absent_lock_out, configured_style, style_of

MODES: Mapping[int, Mode] = {
    0: Mode.LEVEL, 2: Mode.PULSE, 4: Mode.CONTINUOUS, 7: Mode.PRESENTATION, 8: Mode.HOST, 9: Mode.SENSE,
}  # fmt: skip
_MODE_NUMBERS = {mode: number for number, mode in MODES.items()}
_SUFFIX_NUMBERS = {suffix: number for number, suffix in CLONE_SUFFIXES.items()}
_BAUD_NUMBERS = {baud: number for number, baud in BAUDS.items()}
REVISION = b"LIANTIAO-VIRTUAL-SSI 1.0"
_BEHIND = {
    "mode": (TRIGGER_MODE,), "session_ms": (SESSION,), "same_code_ms": (SAME_CODE,), "good_read_ms": (GOOD_READ,),
    "suffix": (CLONE_SUFFIX,), "beep": (BEEP,), "code_id": (AIM_ID,), "aim_id": (AIM_ID,),
}  # fmt: skip
"""The parameters behind each setting that can be changed while the box runs."""
_COMMANDS = frozenset(
    {
        Op.REQUEST_REVISION, Op.ILLUMINATION_OFF, Op.ILLUMINATION_ON, Op.AIM_OFF, Op.AIM_ON, Op.PARAM_DEFAULTS,
        Op.FLUSH_QUEUE, Op.CAPABILITIES_REQUEST, Op.START_SESSION, Op.STOP_SESSION, Op.SCAN_ENABLE, Op.SCAN_DISABLE,
        Op.SLEEP, Op.PARAM_REQUEST, Op.PARAM_SEND, Op.BEEP, Op.LED_ON, Op.LED_OFF, Op.CUSTOM_DEFAULTS,
    }
)  # fmt: skip


def initial_parameters(settings: ScannerSettings) -> dict[str, str]:
    """The parameters as the bench file has them, over the factory's."""
    tenths = {
        SESSION: min(99, max(5, settings.session_ms // 100 or 99)),
        SAME_CODE: min(99, -(-settings.same_code_ms // 100)),
        GOOD_READ: min(99, -(-settings.good_read_ms // 100)),
        RESPONSE_TIMEOUT: min(99, max(1, round(settings.response_s * 10))),
    }
    chosen = tenths | {
        TRIGGER_MODE: _MODE_NUMBERS[settings.mode],
        CLONE_SUFFIX: _SUFFIX_NUMBERS[settings.suffix.sent],
        PACKETED: int(settings.packeted),
        BEEP: int(settings.beep),
        AIM_ID: 1 if settings.aim_id else 2 if settings.code_id else 0,
        BAUD: _BAUD_NUMBERS.get(settings.baud, PARAMETERS[BAUD].default),
    }
    return _as_text({number: row.default for number, row in PARAMETERS.items()} | chosen)


def _as_text(values: Mapping[int, int]) -> dict[str, str]:
    return {str(number): str(value) for number, value in values.items()}


class SsiDialect:
    """The decoder's side of SSI."""

    family = "ssi"

    def __init__(self, settings: ScannerSettings) -> None:
        self._settings = settings
        self._mutant = settings.mutant
        self._codec = DecoderSide()
        factory = _as_text({number: row.default for number, row in PARAMETERS.items()})
        self._store = Store(initial_parameters(settings), factory, settings.mutant)
        self._style = style_of(settings)
        self._courier = self._new_courier()
        self._enabled = True
        self._asleep = False
        self._baud_set = False

    @property
    def values(self) -> Mapping[str, str]:
        """The parameters by number, in decimal."""
        return self._store.values

    @property
    def conduct(self) -> Conduct:
        """How the box is set to behave."""
        conduct = Conduct(
            mode=MODES[self._value(TRIGGER_MODE)],
            enabled=self._enabled,
            same_code_ms=self._value(SAME_CODE) * 100,
            good_read_ms=self._value(GOOD_READ) * 100,
            session_ms=self._value(SESSION) * 100,
            absent=absent_lock_out(self._settings.lock_out, usual=True),
            beep=self._value(BEEP) == 1,
        )
        return conduct_of(self._mutant, conduct)

    @property
    def baud(self) -> int | None:
        """The line's speed, once the host has set it."""
        return BAUDS[self._value(BAUD)] if self._baud_set else None

    @property
    def silence_s(self) -> float | None:
        """How long a packet that has begun may pause."""
        return CHARACTER_TIMEOUT_S if self._codec.pending else None

    def feed(self, data: bytes) -> list[Action]:
        """What the host sent, in any piece."""
        if not (self._asleep or self._codec.pending or Op.SLEEP in data):
            return self._feed(data)
        return [action for at in range(len(data)) for action in self._feed(data[at : at + 1])]

    def silence(self) -> list[Action]:
        """A packet that has begun is given up."""
        return [action for event in self._codec.idle() for action in self._act(event)]

    def unanswered(self) -> list[Action]:
        """The host has not acknowledged in time."""
        return self._checked(self._courier.again())

    def scan_data(self, decoded: Sighting) -> bytes:
        """A raw scan: prefix, id, data, suffix."""
        return self._styled().frame(decoded)

    def deliver(self, decoded: Sighting) -> list[Action]:
        """A raw scan, or packets; then the event, if it is on."""
        actions: list[Action] = []
        if not self._value(PACKETED):
            actions.append(Send(self.scan_data(decoded), scan=True))
        else:
            style = self._styled()
            told = style.prefix + style.ids(decoded) + decoded.data
            packets = encode_decode_data(ids_for(self._mutant, decoded.symbology).ssi, told)
            if self._value(HANDSHAKE):
                actions += self._courier.take(packets)
            else:
                actions += [Send(packet, scan=packet is packets[0]) for packet in packets]
        if self._value(DECODE_EVENT):
            actions.append(_event(Event.DECODE))
        return self._checked(actions)

    def no_read(self) -> list[Action]:
        """Nothing is sent."""
        return []

    def power_on(self) -> list[Action]:
        """Permanent parameters hold; the boot event, if it is on."""
        self._store.restart()
        self._codec = DecoderSide()
        self._courier = self._new_courier()
        self._style = style_of(self._settings)
        self._enabled, self._asleep, self._baud_set = True, False, False
        booted: list[Action] = [_event(Event.BOOT)] if self._value(BOOT_EVENT) else []
        return [Changed(self.conduct, self.baud), *self._checked(booted)]

    def configure(self, wanted: ScannerSettings, names: frozenset[str]) -> None:
        """Take the named settings from `wanted`; lost at a restart."""
        self._style = configured_style(self._style, wanted, names)
        fresh = initial_parameters(wanted)
        for name in names:
            for number in _BEHIND.get(name, ()):
                self._store.set(str(number), fresh[str(number)], permanent=False)

    def _feed(self, data: bytes) -> list[Action]:
        if self._asleep and data:
            self._asleep = False
            return [Signal("awake")]
        return [action for event in self._codec.feed(data) for action in self._act(event)]

    def _new_courier(self) -> Courier:
        tries = 1 if self._mutant is Mutant.NEVER_SENDS_AGAIN else self._settings.tries
        return Courier(seconds=self._value(RESPONSE_TIMEOUT) / 10, tries=tries, again=sent_again)

    def _value(self, number: int) -> int:
        return int(self._store.values[str(number)])

    def _styled(self) -> ScanStyle:
        kind = self._value(AIM_ID)
        suffix = CLONE_SUFFIXES[self._value(CLONE_SUFFIX)]
        return replace(self._style, suffix=suffix, aim=kind == 1, letter=kind == 2)

    def _checked(self, actions: list[Action]) -> list[Action]:
        """Packets as they leave: those of a raw scan bear no checksum."""
        if self._mutant is not Mutant.WRONG_CHECKSUM:
            return actions
        return [
            replace(action, data=checked(self._mutant, action.data))
            if isinstance(action, Send) and not (action.scan and not self._value(PACKETED))
            else action
            for action in actions
        ]

    def _act(self, event: Packet | BadChecksum | Malformed) -> list[Action]:
        match event:
            case Malformed():
                return [not_understood(event)]
            case BadChecksum():
                return self._checked([_nak(Nak.RESEND)])
            case Packet(opcode=Op.CMD_ACK | Op.HOST_ACK | Op.MULTIPACKET_ACK):
                return self._checked(self._courier.acknowledged())
            case Packet(opcode=Op.CMD_NAK):
                return self._checked(self._courier.again())
            case Packet():
                return self._checked(self._command(event))

    def _command(self, packet: Packet) -> list[Action]:
        refused: list[Action]
        if packet.opcode not in _COMMANDS:
            refused = [_nak(Nak.BAD_CONTEXT)]
        else:
            done = self._simple(packet)
            done = self._with_data(packet) if done is None else done
            if not isinstance(done, Nak):
                return done
            refused = [_nak(done)]
        return [_ACK] if self._mutant is Mutant.DOES_WHAT_IT_REFUSES else refused

    def _simple(self, packet: Packet) -> "list[Action] | Nak | None":
        """Commands without data; None for the others."""
        match packet.opcode:
            case Op.START_SESSION | Op.STOP_SESSION if self._value(TRIGGER_MODE) != _MODE_NUMBERS[Mode.HOST]:
                return Nak.DENIED
            case Op.START_SESSION | Op.STOP_SESSION:
                return [_ACK, Pull(packet.opcode == Op.START_SESSION)]
            case Op.SCAN_ENABLE | Op.SCAN_DISABLE:
                self._enabled = packet.opcode == Op.SCAN_ENABLE
                return [_ACK, Changed(self.conduct, self.baud)]
            case Op.FLUSH_QUEUE:
                return [_ACK, *self._courier.flush()]
            case Op.REQUEST_REVISION:
                return [Send(encode(Op.REPLY_REVISION, REVISION, source=DECODER))]
            case Op.CAPABILITIES_REQUEST:
                return [Send(encode(Op.CAPABILITIES_REPLY, _CAPABILITIES, source=DECODER))]
            case Op.PARAM_DEFAULTS:
                return self._defaults()
            case Op.SLEEP:
                self._asleep = True
                return [_ACK, Signal("asleep")]
            case Op.AIM_ON | Op.AIM_OFF:
                return [_ACK, Signal("aim", {"on": packet.opcode == Op.AIM_ON})]
            case Op.ILLUMINATION_ON | Op.ILLUMINATION_OFF:
                return [_ACK, Signal("illumination", {"on": packet.opcode == Op.ILLUMINATION_ON})]
        return None

    def _with_data(self, packet: Packet) -> "list[Action] | Nak":
        match packet.opcode, packet.data:
            case Op.PARAM_REQUEST, data:
                return self._asked(data)
            case Op.PARAM_SEND, data:
                return self._set(data, permanent=Status.PERMANENT in packet.status)
            case Op.BEEP, data if len(data) == 1:
                return [_ACK, Signal(dialect.BEEP, {"why": "host", "code": data[0]})]
            case ((Op.LED_ON | Op.LED_OFF), data) if len(data) == 1:
                return [_ACK, Signal(dialect.LED, {"on": packet.opcode == Op.LED_ON, "lamps": data[0]})]
            case Op.CUSTOM_DEFAULTS, b"\x00":
                self._store.save()
                return [_ACK]
            case Op.CUSTOM_DEFAULTS, b"\x01":
                self._store.restart()
                return [_ACK, Changed(self.conduct, self.baud)]
        return Nak.BAD_CONTEXT

    def _asked(self, data: bytes) -> "list[Action] | Nak":
        numbers = parse_parameter_numbers(data)
        if numbers == [ALL_PARAMETERS]:
            numbers = list(PARAMETERS)
        known = [number for number in numbers or () if number in PARAMETERS]
        if not known:
            return Nak.BAD_CONTEXT
        pairs = [(number, self._value(number)) for number in known]
        return [Send(encode_parameters(pairs, source=DECODER))]

    def _set(self, data: bytes, *, permanent: bool) -> "list[Action] | Nak":
        sent = parse_parameters(data)
        if sent is None:
            return Nak.BAD_CONTEXT
        beep, pairs = sent
        if any(
            (number, value) != (CLONE_RESET, 0) and (number not in PARAMETERS or value not in PARAMETERS[number].values)
            for number, value in pairs
        ):
            return Nak.DENIED
        actions: list[Action] = [_ACK]
        for number, value in pairs:
            if number == CLONE_RESET:
                actions = self._defaults()
                continue
            self._store.set(str(number), str(value), permanent=permanent)
            self._baud_set = self._baud_set or number == BAUD
        self._courier.seconds = self._value(RESPONSE_TIMEOUT) / 10
        if beep != NO_BEEP:
            actions.append(Signal(dialect.BEEP, {"why": "host", "code": beep}))
        return [*actions, Changed(self.conduct, self.baud)]

    def _defaults(self) -> list[Action]:
        told: list[Action] = [_event(Event.DEFAULTS)] if self._value(PARAMETER_EVENT) else []
        self._store.factory()
        self._enabled, self._baud_set = True, False
        return [_ACK, Changed(self.conduct, self.baud), Restart(), *told]


def _nak(cause: Nak) -> Send:
    return Send(encode(Op.CMD_NAK, bytes([cause]), source=DECODER))


def _event(code: Event) -> Send:
    return Send(encode(Op.EVENT, bytes([code]), source=DECODER))


_ACK = Send(encode(Op.CMD_ACK, source=DECODER))
_CAPABILITIES = bytes([0x00, 0x00, 0x00, 0x01]) + bytes(sorted(_COMMANDS))
