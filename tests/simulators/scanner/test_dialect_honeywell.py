"""What Honeywell and Mindeo boxes answer, byte for byte, without a line."""

import pytest

from simulators.scanner.settings import Mode
from tests.simulators.scanner.dialect_rig import CODE, DIGITS, OTHER, DialectRig, run

MENU = b"\x16M\r"


def honeywell(**settings: object) -> DialectRig:
    return DialectRig(family="honeywell", **settings)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"TRGMOD0!", b"TRGMOD0\x06!"),
        (b"trgmod3.", b"TRGMOD3\x06."),
        (b"TRGMOD1.", b"TRGMOD1\x15."),
        (b"TRGSTO300001.", b"TRGSTO300001\x15."),
        (b"RRDDLY500.", b"RRDDLY500\x05."),
        (b"XYZ.", b"XYZ\x05."),
        (b"DLYGRD500;DLYRRD1000;NOSUCH1!", b"DLYGRD500\x06;DLYRRD1000\x06;NOSUCH1\x05!"),
        (b"CBRENA0,SSX1!", b"CBRENA0\x06,SSX1\x06!"),
        (b"CBRENA?.", b"CBRENA1\x06."),
        (b"cbrena*.", b"CBRENA0-1\x06."),
        (b"TRGSTO*.", b"TRGSTO0-300000\x06."),
        (b"TRGSTO^.", b"TRGSTO30000\x06."),
        (b"TRGMOD*.", b"TRGMOD0-3\x06."),
        (b"CBR?.", b"CBRENA1\x06,SSX0\x06,MIN4\x06,MAX60\x06,DFT\x06."),
        (b"CBRDFT.", b"CBRDFT\x06."),
        (b"PAPHHF!", b"PAPHHF\x06!"),
        (b"PAPHHF1!", b"PAPHHF1\x15!"),
        (b"SUFBK29909!", b"SUFBK29909\x06!"),
        (b"SUFCA2,BK2990D0A!", b"SUFCA2\x06,BK2990D0A\x06!"),
        (b"SUFBK2990!", b"SUFBK2990\x15!"),
        (b"SUFBK2?.", b"SUFBK2990D\x06."),
        (b"BEPEXE1!", b"BEPEXE1\x06!"),
        (b"BEPEXE0!", b"BEPEXE0\x15!"),
        (b"!", b"\x05!"),
    ],
)
def test_menu_commands(asked: bytes, answered: bytes) -> None:
    assert honeywell().ask(MENU + asked) == answered


def test_the_revision() -> None:
    told = honeywell().ask(MENU + b"REVINF.")
    assert told.startswith(b"Product Name: ")
    assert told.endswith(b"\r\nREVINF\x06.")
    for line in (b"Boot Revision", b"Software Part Number", b"Serial Number", b"Supported IF"):
        assert line in told


def test_what_is_no_command_is_met_with_silence() -> None:
    rig = honeywell()
    assert rig.ask(b"TRGMOD0.\x16X\r\x06\x15E") == b""
    assert "not-understood" in rig.said


def test_trigger_and_untrigger() -> None:
    async def scenario() -> None:
        rig = honeywell(mode="level")
        rig.show(CODE)
        assert rig.ask(b"\x16T\r") == DIGITS.encode() + b"\r"
        rig.show(None)
        rig.ask(b"\x16T\r")
        assert rig.in_session()
        rig.ask(b"\x16U\r")
        assert not rig.in_session()
        await rig.box.reset()

    run(scenario())


def test_suffixes_and_ids() -> None:
    rig = honeywell(same_code_ms=0)
    for command, told in [
        (b"SUFCA2!", DIGITS),
        (b"VSUFCR!", DIGITS + "\r"),
        (b"SUFBK29909!", DIGITS + "\t"),
        (b"PREBK2995C805C81!", "s]Q1" + DIGITS + "\t"),
        (b"PRECA2!", DIGITS + "\t"),
        (b"SUFBK2730A!", DIGITS + "\n"),
    ]:
        rig.ask(MENU + command)
        assert rig.show(CODE) == told.encode()
    assert rig.show(OTHER) == b"0098\t"


def test_a_header_before_the_data() -> None:
    rig = honeywell()
    rig.ask(MENU + b"DECHDR1!")
    assert rig.show(CODE) == b"\x16\xfe\x2b\x00\x00\x00\rMSGGET0028sQ1\x1d" + DIGITS.encode() + b"\r"


def test_no_read_is_said_when_it_is_on() -> None:
    async def scenario() -> None:
        for on, told in ((b"0", []), (b"1", [b"NR\r"])):
            rig = honeywell(mode="level", session_ms=1000)
            rig.ask(MENU + b"SHWNRD" + on + b"!")
            rig.sent.clear()
            rig.ask(b"\x16T\r")
            await rig.step(0)
            await rig.step(1000)
            assert rig.sent == told
            await rig.box.reset()

    run(scenario())


def test_a_scan_is_sent_again_until_it_is_acknowledged() -> None:
    rig = honeywell(acknowledged=True)
    frame = DIGITS.encode() + b"\r"
    assert rig.show(CODE) == frame
    assert rig.show(OTHER) == b""
    assert rig.ask(b"\x15") == frame
    assert rig.ask(b"\x06") == b"0098\r"
    assert rig.awaited == 2.0
    assert rig.ask(b"\x06") == b""
    assert rig.awaited is None


def test_a_scan_that_nobody_acknowledges_is_given_up() -> None:
    rig = honeywell(acknowledged=True, tries=2)
    rig.show(CODE)
    rig.show(OTHER)
    rig.carry_out(rig.dialect.unanswered())
    rig.carry_out(rig.dialect.unanswered())
    assert rig.sent == [DIGITS.encode() + b"\r"] * 2 + [b"0098\r"]
    assert "not-acknowledged" in rig.said


def test_presentation_and_back() -> None:
    rig = honeywell(mode="host")
    assert rig.mode() is Mode.HOST
    rig.ask(MENU + b"PAPPST!")
    assert rig.mode() is Mode.PRESENTATION
    rig.ask(MENU + b"TRGMOD0!")
    assert rig.mode() is Mode.HOST


def test_ram_is_lost_at_a_power_off_and_flash_is_not() -> None:
    rig = honeywell()
    rig.ask(MENU + b"DLYGRD700!")
    rig.ask(MENU + b"DLYRRD900.")
    rig.power_cycle()
    assert rig.ask(MENU + b"DLYGRD?;DLYRRD?.") == b"DLYGRD0\x06;DLYRRD900\x06."
    rig.ask(MENU + b"DEFALT.")
    assert rig.ask(MENU + b"DLYRRD?;SUFBK2?.") == b"DLYRRD750\x06;SUFBK2990D0A\x06."


def test_all_symbologies_off_reads_nothing() -> None:
    rig = honeywell()
    rig.ask(MENU + b"ALLENA0!")
    assert rig.show(CODE) == b""


def test_the_line_s_speed() -> None:
    rig = honeywell()
    rig.ask(MENU + b"232BAD9!")
    assert rig.dialect.baud == 115200


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"0401?.", b"0401D01\x06"),
        (b"0401D05.", b"0401D05\x06"),
        (b"0401D99.", b"0401D99\x15"),
        (b"0401*.", b"0401D01-06\x06"),
        (b"0401^.", b"0401D01\x06"),
        (b"0401D5.", b"0401D5\x15"),
        (b"9999?.", b"9999?\x05"),
    ],
)
def test_mindeo(asked: bytes, answered: bytes) -> None:
    assert DialectRig(family="mindeo", mode="level").ask(MENU + asked) == answered


def test_a_mindeo_box_in_host_mode() -> None:
    rig = DialectRig(family="mindeo", mode="level")
    rig.ask(MENU + b"0401D05.")
    assert rig.mode() is Mode.HOST
    rig.show(CODE)
    assert rig.ask(b"\x16T\r") == DIGITS.encode() + b"\r"
    rig.ask(MENU + b"0401D03!")
    rig.power_cycle()
    assert rig.mode() is Mode.HOST
