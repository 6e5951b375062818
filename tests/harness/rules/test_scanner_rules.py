"""Every rule about a scanner box is shown to fail, and none objects to a box that does everything right."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness.judge.history import CASE
from harness.rules.registry import all_rules
from harness.wire.scanner import newland, ssi
from tests.harness.rules.scanner_tape import DIGITS, OTHER, ScannerTape, begun, good_story

NO_SUCH = newland.Outcome(status=newland.Status.NO_SUCH_TAG)


@dataclass(frozen=True)
class Broken:
    """What a box does wrong, and what the rule must say of it."""

    rule: str
    what: str
    does: Callable[[ScannerTape], object]
    seen: str
    story: Callable[[], ScannerTape] = begun


def _in_vain(why: str) -> Callable[[ScannerTape], None]:
    def does(tape: ScannerTape) -> None:
        tape.show(OTHER, due=False, why=why)
        tape.scan(OTHER)

    return does


def _instead(digits: str, came: str, *more: str, why: str = "shown") -> Callable[[ScannerTape], None]:
    def does(tape: ScannerTape) -> None:
        tape.show(digits, why=why)
        for text in (came, *more):
            tape.scan(text)

    return does


def _swapped_order(tape: ScannerTape) -> None:
    third = OTHER[:-1] + "9"
    for digits in (OTHER, third):
        tape.event(CASE, "shown", digits=digits, symbology="qr")
    tape.due(OTHER, third)
    tape.scan(third)
    tape.scan(OTHER)


def _not_marked(tape: ScannerTape) -> None:
    tape.due(OTHER, OTHER, why="not-acknowledged")
    tape.event(CASE, "shown", digits=OTHER, symbology="qr")
    tape.packet(OTHER)
    tape.packet(OTHER)


def _not_again(tape: ScannerTape) -> None:
    tape.due(OTHER, OTHER, why="not-acknowledged")
    tape.event(CASE, "shown", digits=OTHER, symbology="qr")
    tape.packet(OTHER)


def _without_prefix(tape: ScannerTape) -> None:
    tape.box(prefix="2a")
    tape.show(OTHER)
    tape.scan(OTHER)


def _wrong_aim(tape: ScannerTape) -> None:
    tape.box(aim=True)
    tape.show(OTHER, symbology="code128")
    tape.scan(OTHER, head=b"]Q1")


def _wrong_type(tape: ScannerTape) -> None:
    tape.show(OTHER)
    tape.packet(OTHER, kind=0x03)


def _wrong_checksum(tape: ScannerTape) -> None:
    tape.show(OTHER)
    tape.packet(OTHER, off=1)


def _not_in_a_packet(tape: ScannerTape) -> None:
    tape.show(OTHER)
    tape.scan(OTHER)


def _answered_the_silent(tape: ScannerTape) -> None:
    tape.event(CASE, "answer-due", said=["silence"])
    tape.talk(("SCNMOD", "0"))


def _answered_other(tape: ScannerTape) -> None:
    tape.tell(("SCNMOD", "0"))
    (raw,) = [newland.encode_command([("SCNENA", "1")])]
    tape.answer(raw)


def _scan_first(tape: ScannerTape) -> None:
    tape.due(DIGITS)
    raw = tape.tell(("SCNTRG", "1"))
    tape.scan()
    tape.answer(raw)


def _forgets_at_once(tape: ScannerTape) -> None:
    tape.talk(("GRBVLL", "7"))
    tape.ask("GRBVLL", "20")


def _keeps_temporary(tape: ScannerTape) -> None:
    tape.ask("GRBVLL", "20")
    tape.talk(("GRBVLL", "7"))
    tape.event("scanner", "power", on=True)
    tape.ask("GRBVLL", "7")


def _forgets_permanent(tape: ScannerTape) -> None:
    tape.ask("GRBVLL", "20")
    tape.talk(("GRBVLL", "7"), permanent=True)
    tape.event("scanner", "power", on=True)
    tape.ask("GRBVLL", "20")


def ssi_begun() -> ScannerTape:
    """An SSI box that sends packets."""
    return begun("ssi", packeted=True)


BROKEN = (
    Broken("scanner-delivers-every-code", "nothing", lambda tape: tape.show(OTHER), "never arrived"),
    Broken("scanner-reads-rotated-code", "nothing", lambda tape: tape.show(OTHER, why="rotated"), "never arrived"),
    Broken("scanner-sends-again", "gives up", _not_again, "did not come", ssi_begun),
    Broken("scanner-sends-again", "does not mark it", _not_marked, "retransmit", ssi_begun),
    Broken("scanner-delivers-unchanged", "a digit", _instead(OTHER, OTHER[:-1] + "9"), "at 28"),
    Broken("scanner-delivers-unchanged", "a zero less", _instead("0" + OTHER[1:], OTHER[1:]), "27 characters"),
    Broken("scanner-delivers-unchanged", "a letter", _instead(OTHER, "x" + OTHER[1:]), "at 1 of"),
    Broken("scanner-delivers-once", "twice", _instead(OTHER, OTHER, OTHER), "2 times"),
    Broken("scanner-delivers-in-order", "the code before", _instead(OTHER, DIGITS), "earlier code"),
    Broken("scanner-delivers-in-order", "the later one first", _swapped_order, "earlier one after"),
    Broken("scanner-silent-while-disabled", "reads", _in_vain("disabled"), "…2368"),
    Broken("scanner-waits-for-trigger", "reads", _in_vain("not-triggered"), "…2368"),
    Broken("scanner-keeps-lock-out", "reads", _in_vain("locked-out"), "…2368"),
    Broken("scanner-keeps-good-read-delay", "reads", _in_vain("good-read-delay"), "…2368"),
    Broken("scanner-ends-session", "reads", _in_vain("timed-out"), "…2368"),
    Broken("scanner-invents-nothing", "reads", _in_vain("nothing to read"), "…2368"),
    Broken("scanner-frames-as-set", "no suffix", lambda tape: tape.scan(end=b""), "suffix"),
    Broken("scanner-frames-as-set", "no prefix", _without_prefix, "prefix"),
    Broken("scanner-frames-as-set", "no packet", _not_in_a_packet, "as on any line", ssi_begun),
    Broken("scanner-frames-as-set", "a packet", lambda tape: tape.packet(), "a packet", lambda: begun("ssi")),
    Broken("scanner-ids-as-set", "another AIM id", _wrong_aim, r"\]Q1"),
    Broken("scanner-ids-as-set", "another type", _wrong_type, "type 03", ssi_begun),
    Broken("scanner-checksums-right", "off by one", _wrong_checksum, "checksum", ssi_begun),
    Broken(
        "scanner-sends-nothing-else",
        "an answer to nothing",
        lambda tape: tape.answer(newland.encode_command([("SCNMOD", "0")])),
        "answers nothing",
    ),
    Broken("scanner-answers-every-command", "silence", lambda tape: tape.tell(("SCNMOD", "0")), "none"),
    Broken("scanner-answers-every-command", "answers the silent", _answered_the_silent, "no answer"),
    Broken(
        "scanner-answers-as-family",
        "done what must be refused",
        lambda tape: tape.answer(tape.tell(("ZZZZZZ", "1"), said=["no-such-setting"])),
        "^done",
    ),
    Broken(
        "scanner-answers-as-family",
        "refused what must be done",
        lambda tape: tape.answer(tape.tell(("SCNMOD", "0")), NO_SUCH),
        "no-such-setting",
    ),
    Broken("scanner-answers-as-family", "about another", _answered_other, "SCNENA"),
    Broken("scanner-answers-before-scan", "the scan first", _scan_first, "before it"),
    Broken("scanner-keeps-settings", "forgets at once", _forgets_at_once, "GRBVLL 20"),
    Broken("scanner-keeps-settings", "keeps what is temporary", _keeps_temporary, "GRBVLL 7"),
    Broken("scanner-keeps-settings", "forgets what is permanent", _forgets_permanent, "GRBVLL 20"),
)
SCANNER_RULES = {name for name in all_rules() if name.startswith("scanner-")}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.rule}: {broken.what}")
def test_a_box_that_does_this_is_found(broken: Broken) -> None:
    check = all_rules()[broken.rule].check
    tape = broken.story()
    assert list(check(tape.history())) == []
    broken.does(tape)
    found = list(check(tape.history()))
    assert any(re.search(broken.seen, said) for one in found for said in (one.expected, one.seen)), found
    assert all(0 <= one.seq < len(tape.entries) for one in found)
    assert not any(digits in f"{one.expected} {one.seen}" for one in found for digits in (DIGITS, OTHER))


def test_every_rule_about_boxes_has_a_way_to_fail() -> None:
    assert {broken.rule for broken in BROKEN} == SCANNER_RULES


@pytest.mark.parametrize("story", [begun, ssi_begun, good_story], ids=lambda story: story.__name__)
def test_a_good_box_has_no_finding(story: Callable[[], ScannerTape]) -> None:
    history = story().history()
    assert [(name, seen) for name, rule in all_rules().items() for seen in rule.check(history)] == []


def test_a_tape_without_a_box_under_test_is_not_judged() -> None:
    tape = ScannerTape()
    tape.event(CASE, "case-start", case="x", title="x", requirements=[])
    tape.scan()
    history = tape.history()
    assert [seen for name in SCANNER_RULES for seen in all_rules()[name].check(history)] == []


def test_the_missing_are_counted_only_in_a_case_that_ran_through() -> None:
    tape = begun()
    tape.show(OTHER)
    tape.event(CASE, "problem", blame="BenchError", problem="x", cause="x", remedy="x")
    assert list(all_rules()["scanner-delivers-every-code"].check(tape.history())) == []


def test_a_command_that_took_too_long_on_its_way_is_not_held_against_the_box() -> None:
    tape = begun("ssi")
    raw = ssi.encode(ssi.Op.REQUEST_REVISION)
    tape.frame(raw[:3], sent=False)
    tape.frame(raw[3:], sent=False)
    late = tape.entries[-1]
    object.__setattr__(late, "real_ns", late.real_ns + 10**9)
    assert list(all_rules()["scanner-answers-every-command"].check(tape.history())) == []
