"""What a client's words do to a port, and what is answered."""

import pytest

from harness.line.rfc2217 import ComPort as C
from harness.line.rfc2217 import Control, Modem, Option, Verb, Words, com_port, negotiation
from harness.line.rfc2217_session import Flow, Purge, Session
from harness.line.serial_format import SerialFormat, parse_format


class Port:
    """A port that writes down what is done to it."""

    def __init__(self) -> None:
        self.format = SerialFormat()
        self.done: list[object] = []
        self.lines = Modem.CTS | Modem.DSR

    def configure(self, wanted: SerialFormat) -> None:
        if wanted.baud > 115_200:
            raise ValueError("too fast")
        self.format = wanted

    def set_flow(self, flow: Flow) -> None:
        if flow is Flow.XON_XOFF:
            raise ValueError("cannot")
        self.done.append(flow)

    def set_output(self, *, dtr: bool | None = None, rts: bool | None = None, pause: bool | None = None) -> None:
        self.done.append((dtr, rts, pause))

    def modem(self) -> Modem:
        return self.lines

    def purge(self, what: Purge) -> None:
        self.done.append(what)


def nowhere(_: bytes) -> None:
    pass


class Talk:
    def __init__(self) -> None:
        self.port = Port()
        self.session = Session(self.port)
        self.data = b""
        self.say(com_port(C.SIGNATURE))

    def say(self, raw: bytes) -> bytes:
        return self.session.take(Words().feed(raw), self._take)

    def _take(self, data: bytes) -> None:
        self.data += data


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_settings_are_made_and_answered(talk: Talk) -> None:
    assert talk.say(com_port(C.SET_BAUDRATE, (19200).to_bytes(4, "big"))) == com_port(101, b"\x00\x00\x4b\x00")
    assert talk.say(com_port(C.SET_DATASIZE, b"\x07")) == com_port(102, b"\x07")
    assert talk.say(com_port(C.SET_PARITY, b"\x03")) == com_port(103, b"\x03")
    assert talk.say(com_port(C.SET_STOPSIZE, b"\x02")) == com_port(104, b"\x02")
    assert talk.port.format == parse_format("19200 7E2")


@pytest.mark.parametrize(
    ("command", "value", "holds"),
    [
        (C.SET_BAUDRATE, b"\x00\x00\x00\x00", b"\x00\x00\x25\x80"),
        (C.SET_BAUDRATE, b"\x00\x0f\x42\x40", b"\x00\x00\x25\x80"),
        (C.SET_BAUDRATE, b"", b"\x00\x00\x25\x80"),
        (C.SET_DATASIZE, b"\x09", b"\x08"),
        (C.SET_PARITY, b"\x09", b"\x01"),
        (C.SET_STOPSIZE, b"\x04", b"\x01"),
    ],
    ids=["asked", "too-fast", "empty", "nine-bits", "parity-9", "stop-4"],
)
def test_what_the_port_cannot_do_is_answered_with_what_holds(
    talk: Talk, command: C, value: bytes, holds: bytes
) -> None:
    assert talk.say(com_port(command, value)) == com_port(100 + command, holds)
    assert talk.port.format == SerialFormat()


def test_lines_and_breaks_reach_the_port_and_can_be_asked(talk: Talk) -> None:
    assert talk.say(com_port(C.SET_CONTROL, bytes([Control.ASK_DTR]))) == com_port(105, bytes([Control.DTR_OFF]))
    for control in (Control.DTR_ON, Control.RTS_ON, Control.BREAK_ON, Control.RTS_OFF):
        assert talk.say(com_port(C.SET_CONTROL, bytes([control]))) == com_port(105, bytes([control]))
    assert talk.port.done == [(True, None, None), (None, True, None), (None, None, True), (None, False, None)]
    for asked, told in (
        (Control.ASK_DTR, Control.DTR_ON),
        (Control.ASK_RTS, Control.RTS_OFF),
        (Control.ASK_BREAK, Control.BREAK_ON),
    ):
        assert talk.say(com_port(C.SET_CONTROL, bytes([asked]))) == com_port(105, bytes([told]))


def test_a_handshake_that_the_port_has_not_is_answered_with_the_one_that_holds(talk: Talk) -> None:
    assert talk.say(com_port(C.SET_CONTROL, bytes([Control.HARDWARE]))) == com_port(105, bytes([Control.HARDWARE]))
    assert talk.say(com_port(C.SET_CONTROL, bytes([Control.XON_XOFF]))) == com_port(105, bytes([Control.HARDWARE]))


def test_purging(talk: Talk) -> None:
    assert talk.say(com_port(C.PURGE_DATA, b"\x03")) == com_port(112, b"\x03")
    assert talk.say(com_port(C.PURGE_DATA, b"\x09")) == b""
    assert talk.port.done == [Purge.BOTH]


def test_changes_of_lines_are_told_as_far_as_the_mask_allows(talk: Talk) -> None:
    assert talk.session.modem_changed() == b""
    talk.port.lines = Modem.DSR
    assert talk.session.modem_changed() == com_port(107, bytes([Modem.DSR | Modem.CTS_CHANGED]))
    talk.say(com_port(C.SET_MODEMSTATE_MASK, bytes([Modem.DSR])))
    talk.port.lines = Modem.DSR | Modem.CTS
    assert talk.session.modem_changed() == b""
    assert talk.say(com_port(C.NOTIFY_MODEMSTATE)) == com_port(107, bytes([Modem.DSR | Modem.CTS]))


def test_the_lines_are_told_once_when_the_client_first_speaks_com_port() -> None:
    port = Port()
    session = Session(port)
    notice = com_port(107, bytes([Modem.CTS | Modem.DSR]))
    will = negotiation(Verb.WILL, Option.COM_PORT)
    assert session.take(Words().feed(will), nowhere) == negotiation(Verb.DO, Option.COM_PORT) + notice
    assert notice not in session.take(Words().feed(com_port(C.SIGNATURE)), nowhere)
    unsaid = Session(port).take(Words().feed(com_port(C.SIGNATURE)), nowhere)
    assert unsaid.startswith(notice)


def test_options_are_agreed_once_and_unknown_ones_refused(talk: Talk) -> None:
    do = negotiation(Verb.DO, Option.BINARY)
    assert talk.say(do) == negotiation(Verb.WILL, Option.BINARY)
    assert talk.say(do) == b""
    assert talk.say(negotiation(Verb.DONT, Option.BINARY)) == negotiation(Verb.WONT, Option.BINARY)
    assert talk.say(negotiation(Verb.DO, 24)) == negotiation(Verb.WONT, 24)
    assert talk.say(negotiation(Verb.WILL, 24)) == negotiation(Verb.DONT, 24)
    assert talk.say(negotiation(Verb.WONT, 24) + negotiation(Verb.DONT, 24)) == b""


def test_what_was_offered_is_not_offered_again(talk: Talk) -> None:
    session = Session(talk.port)
    assert negotiation(Verb.WILL, Option.COM_PORT) in session.greeting()
    assert session.take(Words().feed(negotiation(Verb.DO, Option.COM_PORT)), nowhere) == b""


def test_data_reaches_the_port_in_its_place(talk: Talk) -> None:
    talk.say(b"12" + com_port(C.FLOWCONTROL_SUSPEND) + b"\xff\xff3")
    assert talk.data == b"12\xff3"
    assert talk.session.suspended
    talk.say(com_port(C.FLOWCONTROL_RESUME))
    assert not talk.session.suspended


@pytest.mark.parametrize(
    "raw", [com_port(99), com_port(C.SET_CONTROL), com_port(C.SET_CONTROL, b"\x63"), com_port(255)]
)
def test_nonsense_is_passed_over(talk: Talk, raw: bytes) -> None:
    assert talk.say(raw) == b""
    assert talk.port.done == []
