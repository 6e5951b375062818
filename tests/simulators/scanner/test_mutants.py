"""Every defect shows in what the box sends, and the right box sends something else."""

import asyncio
from collections.abc import Callable

import pytest

from harness.wire.scanner.newland import encode_command
from harness.wire.scanner.ssi import Op, encode
from simulators.scanner.mutants import MUTANTS, Mutant, sighting_of
from simulators.scanner.optics import Sighting, Symbology
from tests.simulators.scanner.dialect_rig import CODE, DIGITS, OTHER, DialectRig
from tests.simulators.scanner_rig import RunningScanner, StartScanner, qr

Story = Callable[[StartScanner, str], object]


def sent(box: RunningScanner) -> list[bytes]:
    return box.sent()


def shown(start: StartScanner, mutant: str, *pictures: str, step: float = 0.0, **settings: object) -> list[bytes]:
    box = start(mutant=mutant, **settings)
    for text in pictures:
        box.show(qr(text))
        box.clock.step(seconds=step)
        box.settle()
    return sent(box)


def one_scan(start: StartScanner, mutant: str) -> object:
    return shown(start, mutant, DIGITS, aim_id=True)


def leading_zero(start: StartScanner, mutant: str) -> object:
    return shown(start, mutant, "0012345")


def same_code_twice(start: StartScanner, mutant: str) -> object:
    return shown(start, mutant, DIGITS, DIGITS)


def two_codes_at_once(start: StartScanner, mutant: str) -> object:
    return shown(start, mutant, "111111", "222222", good_read_ms=1000)


def rotation(start: StartScanner, mutant: str) -> object:
    return shown(start, mutant, "111111", "222222")


def disabled(_: StartScanner, mutant: str) -> object:
    rig = DialectRig(mutant=mutant)
    rig.ask(encode_command([("SCNENA", "0")]))
    return rig.show(CODE)


def unknown(_: StartScanner, mutant: str) -> object:
    return [
        DialectRig(mutant=mutant, family=family).ask(asked)
        for family, asked in (
            ("newland", b"~\x010000#ABCDEF1;\x03"),
            ("honeywell", b"\x16M\rABCDEF1!"),
            ("ssi", encode(0x42)),
            ("register", b"\x7e\x00\x42\x01\x00\x00\x01\xab\xcd"),
        )
    ]


def checksums(_: StartScanner, mutant: str) -> object:
    ssi = DialectRig(mutant=mutant, family="ssi", packeted=True)
    register = DialectRig(mutant=mutant, family="register")
    return ssi.ask(encode(Op.SCAN_ENABLE)), ssi.show(CODE), register.ask(b"\x7e\x00\x08\x01\x00\x02\x01\xab\xcd")


def not_acknowledged(_: StartScanner, mutant: str) -> object:
    rig = DialectRig(mutant=mutant, family="honeywell", acknowledged=True)
    rig.show(CODE)
    rig.carry_out(rig.dialect.unanswered())
    return rig.sent


def power_cycle(_: StartScanner, mutant: str) -> object:
    rig = DialectRig(mutant=mutant)
    rig.ask(b"~\x010000@RRDDUR7;\x03")
    rig.ask(b"~\x010000#GRDDUR8;\x03")
    rig.power_cycle()
    return rig.ask(b"~\x010000#RRDDUR*;GRDDUR*;\x03")


def session(_: StartScanner, mutant: str) -> object:
    async def scenario() -> bool:
        rig = DialectRig(mutant=mutant, mode="level")
        rig.ask(b"\x01T\x04")
        await rig.step(3000)
        waits = rig.box.in_session
        await rig.box.reset()
        return waits

    return asyncio.run(scenario())


def received(box: RunningScanner, data: bytes) -> None:
    box.loop.soon(lambda: box.box._received(data))  # as the line calls it
    box.settle()


def triggered_scan(start: StartScanner, mutant: str) -> object:
    box = start(mutant=mutant, mode="level")
    box.show(qr())
    received(box, encode_command([("SCNTRG", "1")]))
    return sent(box)


def scan_within_a_command(start: StartScanner, mutant: str) -> object:
    box = start(mutant=mutant)
    raw = encode_command([("SCNENA", "1")])
    received(box, raw[:9])
    box.show(qr())
    received(box, raw[9:])
    return sent(box)


STORIES: dict[Mutant, Story] = {
    Mutant.DROPS_SUFFIX: one_scan,
    Mutant.DOUBLES_SCAN: one_scan,
    Mutant.IGNORES_LOCK_OUT: same_code_twice,
    Mutant.IGNORES_GOOD_READ_DELAY: two_codes_at_once,
    Mutant.NEVER_TIMES_OUT: session,
    Mutant.READS_WHILE_DISABLED: disabled,
    Mutant.SWAPS_TWO_DIGITS: one_scan,
    Mutant.CUTS_LEADING_ZEROS: leading_zero,
    Mutant.OLD_CODE_AFTER_ROTATION: rotation,
    Mutant.WRONG_ID: one_scan,
    Mutant.WRONG_CHECKSUM: checksums,
    Mutant.DOES_WHAT_IT_REFUSES: unknown,
    Mutant.SCAN_BEFORE_ANSWER: triggered_scan,
    Mutant.LOSES_SCAN_DURING_COMMAND: scan_within_a_command,
    Mutant.FORGETS_PERMANENT: power_cycle,
    Mutant.KEEPS_TEMPORARY: power_cycle,
    Mutant.NEVER_SENDS_AGAIN: not_acknowledged,
}


def test_every_mutant_has_a_text_and_a_story() -> None:
    assert set(MUTANTS) == set(STORIES) == set(Mutant) - {Mutant.NONE}
    assert all("\n" not in text and len(text) > 10 for text in MUTANTS.values())
    assert len(MUTANTS) >= 10


@pytest.mark.parametrize("mutant", sorted(STORIES))
def test_the_defect_can_be_seen(start_scanner: StartScanner, mutant: Mutant) -> None:
    assert STORIES[mutant](start_scanner, mutant.value) != STORIES[mutant](start_scanner, "none")


def test_what_is_seen_of_some() -> None:
    one = Sighting(symbology=Symbology.QR, data=b"0012", text="0012")
    assert sighting_of(Mutant.SWAPS_TWO_DIGITS, one, None).text == "0021"
    assert sighting_of(Mutant.CUTS_LEADING_ZEROS, one, None).text == "12"
    assert sighting_of(Mutant.OLD_CODE_AFTER_ROTATION, one, OTHER) is OTHER
    assert sighting_of(Mutant.OLD_CODE_AFTER_ROTATION, one, None) is one
    alike = Sighting(symbology=Symbology.QR, data=b"1111", text="1111")
    assert sighting_of(Mutant.SWAPS_TWO_DIGITS, alike, None).text == "1111"
