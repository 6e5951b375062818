"""What an SSI decoder answers, byte for byte, without a line."""

import pytest

from harness.wire.scanner.ssi import Op, encode, encode_decode_data, encode_parameters, sent_again
from simulators.scanner.settings import Mode
from tests.simulators.scanner.dialect_rig import CODE, DIGITS, OTHER, DialectRig, run

ACK = bytes.fromhex("04 D0 00 00 FF 2C")
RESEND = bytes.fromhex("05 D1 00 00 01 FF 29")
BAD_CONTEXT = bytes.fromhex("05 D1 00 00 02 FF 28")
DENIED = bytes.fromhex("05 D1 00 00 06 FF 24")
START = bytes.fromhex("04 E4 04 00 FF 14")
STOP = bytes.fromhex("04 E5 04 00 FF 13")
HOST_MODE = bytes.fromhex("07 C6 04 00 FF 8A 08 FD 9E")
PACKETED = bytes.fromhex("07 C6 04 00 FF EE 01 FD 41")
HOST_ACK = bytes.fromhex("04 D0 04 00 FF 28")
HOST_NAK = bytes.fromhex("05 D1 04 00 01 FF 25")


def ssi(**settings: object) -> DialectRig:
    return DialectRig(family="ssi", **settings)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (HOST_MODE, ACK),
        (b"\x00" + HOST_MODE, ACK),
        (START, DENIED),
        (STOP, DENIED),
        (START[:-1] + b"\x15", RESEND),
        (encode(0x42), BAD_CONTEXT),
        (encode(Op.IMAGER_MODE, b"\x00"), BAD_CONTEXT),
        (encode(Op.DECODE_DATA, b"\x1c1"), BAD_CONTEXT),
        (encode(Op.SCAN_ENABLE), ACK),
        (encode(Op.BEEP, b"\x00"), ACK),
        (encode(Op.BEEP), BAD_CONTEXT),
        (encode(Op.LED_ON, b"\x01"), ACK),
        (encode(Op.AIM_ON), ACK),
        (encode(Op.PARAM_REQUEST, b"\x8a"), bytes.fromhex("07 C6 00 00 FF 8A 09 FD A1")),
        (encode(Op.PARAM_REQUEST, b"\x8a\x07\xf0\x90"), encode_parameters([(138, 9), (400, 15)], source=0)),
        (encode(Op.PARAM_REQUEST, b"\x07"), BAD_CONTEXT),
        (encode(Op.PARAM_REQUEST, b"\xf0"), BAD_CONTEXT),
        (encode_parameters([(138, 5)]), DENIED),
        (encode_parameters([(7, 1)]), DENIED),
        (encode(Op.PARAM_SEND, b"\xff\x8a"), BAD_CONTEXT),
        (encode_parameters([(138, 9)], beep=0, permanent=True), ACK),
        (HOST_ACK, b""),
        (HOST_NAK, b""),
        (b"AT\r\n", b""),
    ],
)
def test_commands(asked: bytes, answered: bytes) -> None:
    assert ssi().ask(asked) == answered


def test_who_it_is_and_what_it_can() -> None:
    rig = ssi()
    told = rig.ask(encode(Op.REQUEST_REVISION))
    assert (told[1], told[2]) == (Op.REPLY_REVISION, 0)
    told = rig.ask(encode(Op.CAPABILITIES_REQUEST))
    assert told[1] == Op.CAPABILITIES_REPLY
    assert told[8:-2] == bytes(sorted(told[8:-2]))
    assert Op.START_SESSION in told[8:-2]


def test_sessions_of_the_host() -> None:
    async def scenario() -> None:
        rig = ssi()
        rig.ask(HOST_MODE)
        rig.show(CODE)
        assert rig.ask(START) == ACK + DIGITS.encode() + b"\r"
        rig.show(None)
        assert rig.ask(START) == ACK
        assert rig.in_session()
        assert rig.ask(STOP) == ACK
        assert not rig.in_session()
        await rig.box.reset()

    run(scenario())


def test_a_packeted_scan_is_the_published_one() -> None:
    rig = ssi()
    rig.ask(PACKETED)
    assert rig.show(CODE) == bytes.fromhex("21 F3 00 00 1C" + DIGITS.encode().hex() + "F9 1F")


def test_a_packet_is_sent_again_with_its_bit_until_it_is_acknowledged() -> None:
    rig = ssi(packeted=True)
    raw = rig.show(CODE)
    assert rig.awaited == 2.0
    assert rig.show(OTHER) == b""
    assert rig.ask(HOST_NAK) == sent_again(raw)
    assert rig.ask(HOST_ACK) == encode_decode_data(0x03, b"0098")[0]
    assert rig.ask(HOST_ACK) == b""
    assert rig.awaited is None


def test_a_packet_that_nobody_acknowledges_is_given_up_after_some_tries() -> None:
    rig = ssi(packeted=True, tries=3)
    raw = rig.show(CODE)
    for _ in range(4):
        rig.carry_out(rig.dialect.unanswered())
    assert rig.sent == [raw, sent_again(raw), sent_again(raw)]
    assert rig.said.count("not-acknowledged") == 1
    assert rig.show(OTHER) != b""


def test_nothing_is_awaited_without_a_handshake() -> None:
    rig = ssi(packeted=True)
    rig.ask(encode_parameters([(159, 0)]))
    rig.show(CODE)
    assert rig.awaited is None
    assert rig.show(OTHER) != b""


def test_flushing_forgets_what_waits() -> None:
    rig = ssi(packeted=True)
    rig.show(CODE)
    rig.show(OTHER)
    assert rig.ask(encode(Op.FLUSH_QUEUE)) == ACK
    assert rig.ask(HOST_ACK) == b""
    assert rig.awaited is None


def test_the_clones_private_group() -> None:
    rig = ssi(same_code_ms=0)
    for value, ends in enumerate((b"", b"\r\n", b"\r", b"\t", b"\r\r")):
        assert rig.ask(encode_parameters([(773, value)], beep=0, permanent=True)) == ACK
        assert rig.show(CODE) == DIGITS.encode() + ends
    assert rig.ask(encode_parameters([(768 + 255, 0)], beep=0, permanent=True)) == ACK
    assert rig.mode() is Mode.PRESENTATION


def test_a_disabled_decoder_drops_and_does_not_queue() -> None:
    rig = ssi()
    rig.ask(encode(Op.SCAN_DISABLE))
    assert rig.show(CODE) == b""
    rig.ask(encode(Op.SCAN_ENABLE))
    assert rig.sent == [ACK, ACK]
    assert rig.show(CODE) != b""


def test_the_first_byte_wakes_a_sleeping_box() -> None:
    for asked, answered in ((START, b""), (b"\x00" + HOST_MODE, ACK)):
        rig = ssi()
        assert rig.ask(encode(Op.SLEEP)) == ACK
        assert rig.ask(asked) == answered
        assert rig.said[:2] == ["asleep", "awake"]
    rig = ssi()
    assert rig.ask(encode(Op.SLEEP) + b"\x00" + HOST_MODE) == ACK + ACK


def test_events_are_off_by_default() -> None:
    rig = ssi(same_code_ms=0)
    assert rig.power_cycle() == b""
    rig.ask(encode_parameters([(256, 1), (258, 1), (259, 1)], permanent=True))
    assert rig.show(CODE) == DIGITS.encode() + b"\r" + bytes.fromhex("05 F6 00 00 01 FF 04")
    assert rig.power_cycle() == bytes.fromhex("05 F6 00 00 03 FF 02")
    assert rig.ask(encode(Op.PARAM_DEFAULTS)) == ACK + encode(Op.EVENT, b"\x0a", source=0)


def test_temporary_and_permanent() -> None:
    rig = ssi()
    rig.ask(encode_parameters([(136, 20)]))
    rig.ask(encode_parameters([(137, 9)], permanent=True))
    rig.power_cycle()
    conduct = rig.dialect.conduct
    assert (conduct.session_ms, conduct.same_code_ms, conduct.absent) == (3000, 900, True)
    rig.ask(encode(Op.PARAM_DEFAULTS))
    conduct = rig.dialect.conduct
    assert (conduct.session_ms, conduct.same_code_ms, conduct.mode) == (9900, 500, Mode.PRESENTATION)


def test_the_speed_changes_after_the_acknowledgement() -> None:
    rig = ssi()
    assert rig.ask(encode_parameters([(0x9C, 0x0A)])) == ACK
    assert rig.dialect.baud == 115200


def test_a_wrong_parameter_changes_nothing_of_its_command() -> None:
    rig = ssi()
    rig.ask(encode_parameters([(136, 20), (138, 5)]))
    assert rig.dialect.conduct.session_ms == 3000


def test_ids_before_the_data() -> None:
    rig = ssi(aim_id=True)
    assert rig.show(CODE) == b"]Q1" + DIGITS.encode() + b"\r"
