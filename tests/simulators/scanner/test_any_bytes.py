"""Any bytes from the host, in any split, at any time: no crash, no endless wait, no scan lost afterwards."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.scanner.register import encode_read, encode_write
from harness.wire.scanner.ssi import Op, encode, encode_parameters
from simulators.scanner.dialect import Await, Pull, Send, Signal
from simulators.scanner.families import make_dialect
from simulators.scanner.optics import Sighting, Symbology
from simulators.scanner.settings import FAMILIES, ScannerSettings
from tests.simulators.scanner.dialect_rig import DialectRig

WORDS: dict[str, list[bytes]] = {
    "newland": [b"~\x010000#SCNTRG1;\x03", b"~\x010000@RRDDUR*;\x03", b"~\x010000#REBOOT;\x03", b"\x01T\x04", b"\x01P"],
    "honeywell": [b"\x16M\rTRGMOD0!", b"\x16T\r", b"\x16M\rCBR?.", b"\x16", b"\x06", b"\x15", b"\x16M\rSUFBK29909!"],
    "mindeo": [b"\x16M\r0401?.", b"\x16M\r0401D05.", b"\x16T\r", b"\x16M"],
    "ssi": [
        encode(Op.START_SESSION), encode_parameters([(0x8A, 8)]), encode_parameters([(0xEE, 1)]), encode(Op.SLEEP),
        encode(Op.CMD_ACK), encode(Op.SCAN_DISABLE), b"\x00", b"\xff\x12\x04",
    ],
    "register": [encode_write(2, b"\x01"), encode_read(0, 256), b"\x7e\x00\x08\xff", encode_write(0, b"\xd6"), b"\x7e"],
    "letters": [b"D", b"E", b"P\x01", b"#@12", b"h", b"T", b"R"],
}  # fmt: skip
CODE = Sighting(symbology=Symbology.QR, data=b"777", text="777")


@st.composite
def talk(draw: st.DrawFn, family: str) -> list[bytes]:
    """Commands, parts of them and garbage, in pieces."""
    word = st.one_of(st.sampled_from(WORDS[family]), st.binary(max_size=10))
    data = b"".join(draw(st.lists(word, max_size=8)))
    places = sorted({cut % (len(data) + 1) for cut in draw(st.lists(st.integers(0, 200), max_size=8))})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def said(actions: list[object]) -> list[object]:
    """What a host or a tape sees, neighbouring garbage as one."""
    seen: list[object] = []
    for action in actions:
        match action:
            case Signal(name="not-understood"):
                if seen[-1:] != ["?"]:
                    seen.append("?")
            case Send() | Pull() | Await() | Signal():
                seen.append(action)
    return seen


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_split_of_anything_is_the_same(family: str, data: st.DataObject) -> None:
    pieces = data.draw(talk(family))
    whole, split = (make_dialect(ScannerSettings(family=family)) for _ in range(2))
    together = [*whole.feed(b"".join(pieces)), *whole.silence()]
    apart = [action for piece in pieces for action in split.feed(piece)] + split.silence()
    assert said([*apart]) == said([*together])
    assert split.values == whole.values
    assert split.conduct == whole.conduct
    assert split.silence_s is None


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_scan_is_lost_afterwards(family: str, data: st.DataObject) -> None:
    rig = DialectRig(family=family)
    for piece in data.draw(talk(family)):
        rig.ask(piece)
    rig.carry_out(rig.dialect.silence())
    rig.power_cycle()
    assert rig.dialect.silence_s is None
    was_enabled = rig.dialect.conduct.enabled
    rig.ask(b"" if family != "ssi" else encode(Op.SCAN_ENABLE))
    before = rig.box.reads
    rig.box.show(None)
    rig.clock.step(seconds=7200)
    told = rig.show(CODE)
    if was_enabled and rig.dialect.conduct.mode.value in {"sense", "presentation", "continuous"}:
        assert rig.box.reads == before + 1
        assert b"777" in told
