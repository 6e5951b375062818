"""Every rule about a hall's terminal is shown to fail, and none objects to a terminal that does everything right."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from fixtures.population import people
from harness.rules.registry import all_rules
from tests.harness.rules.breaking import Change, body, dropped, moved, repeated, several
from tests.harness.rules.hall_tape import HallTape, in_doubt, refused, reply_lost, served

HALL_RULES = {name for name, rule in all_rules().items() if rule.check.__module__ == "harness.rules.hall"}
STORIES = (served, reply_lost, in_doubt, refused)


@dataclass(frozen=True)
class Broken:
    """A good story, what is done to it, and what the rule must say of it."""

    rule: str
    what: str
    story: Callable[[], HallTape]
    change: Change
    seen: str


BROKEN = (
    Broken("nothing-to-unidentified", "no scan", served, dropped("V1 query reply"), "none accepted"),
    Broken(
        "nothing-to-unidentified",
        "a name in the prompt",
        refused,
        body("V1 answer", "prompt", value=f"{people()[0].name}：拒绝 / refused"),
        "personal data|…",
    ),
    Broken(
        "shows-own-data-only",
        "another balance",
        served,
        body("V1 answer", "insurances", 0, "balance", value="9.99"),
        "other",
    ),
    Broken("shows-own-data-only", "a row too many", served, body("V1 answer", "insurances", value=[]), "other rows"),
    Broken(
        "shows-own-data-only",
        "another's proof",
        served,
        body("V2 9801 request", "input", "data", "psn_no", value=people()[8].psn_no),
        "another",
    ),
    Broken("proof-verifiable", "a made-up value", served, body("V2 answer", "proof", "check", value="0" * 16), "check"),
    Broken("proof-verifiable", "more months", served, body("V2 answer", "proof", "months", value=130), "130"),
    Broken(
        "proof-verifiable",
        "not issued",
        served,
        body("V2 9801 reply", "infcode", value=-1),
        "none was issued",
    ),
    Broken("proof-printed-once", "twice", served, repeated("V2 released"), "2 printed"),
    Broken("proof-printed-once", "too early", served, moved("V2 released", after="V2 scan-please"), "printed"),
    Broken("proof-printed-once", "never", served, dropped("V2 released"), "nothing was printed"),
    Broken(
        "tier-as-chosen", "another", served, body("V3 9802 request", "input", "data", "tier", value="3"), 'tier "3"'
    ),
    Broken(
        "tier-changed-once",
        "under a new msgid",
        reply_lost,
        lambda tape: tape["V1 9802 again request"].__setattr__(
            "content", {**tape["V1 9802 again request"].content, "msgid": "P63999900001202010140830009999"}
        ),
        "another 9802",
    ),
    Broken("tier-journalled-first", "never", served, dropped("V3 9802 journal"), "never journalled"),
    Broken("tier-journalled-first", "after it", served, moved("V3 9802 journal", after="V3 9802 request"), "after it"),
    Broken("tier-told-as-done", "another tier", served, body("V3 answer", "to", value="3"), "accepted"),
    Broken("tier-told-as-done", "nothing done", served, dropped("V3 changed"), "nothing changed"),
    Broken(
        "tier-told-as-done",
        "refused all the same",
        reply_lost,
        body("V1 answer", "outcome", value="refused"),
        "refused",
    ),
    Broken(
        "tier-told-as-done", "left in doubt", in_doubt, dropped("resolve 9802 again reply"), "cleared up first|accepted"
    ),
    Broken("tier-confirmed", "no password", served, dropped("V3 confirmed"), "none"),
    Broken("tier-confirmed", "afterwards", served, moved("V3 confirmed", after="V3 changed"), "none"),
    Broken(
        "session-ends", "after leaving", served, body("S2 answer", "screen", value={"what": "proof"}), "the person left"
    ),
    Broken("session-ends", "idle", served, body("S3 answer", "screen", value={"what": "tier"}), "for 61 s"),
    Broken(
        "session-ends", "after a refusal", refused, body("S1 answer", "screen", value={"what": "proof"}), "not accepted"
    ),
    Broken(
        "session-ends",
        "somebody else's",
        served,
        body("S1 answer", "screen", "insurances", value=[{}]),
        "something else",
    ),
    Broken(
        "self-service-said", "as a cashier", served, body("V2 1101 request", "opter_type", value="1"), 'opter_type "1"'
    ),
    Broken(
        "self-service-said",
        "no device",
        served,
        several(body("V1 query request", "data", "deviceType", drop=True)),
        "deviceType",
    ),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_good_story_has_no_finding(story: Callable[[], HallTape]) -> None:
    history = story().history()
    found = [(name, seen) for name in sorted(HALL_RULES) for seen in all_rules()[name].check(history)]
    assert found == []


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.rule}: {broken.what}")
def test_a_broken_story_is_found(broken: Broken) -> None:
    check = all_rules()[broken.rule].check
    tape = broken.story()
    broken.change(tape)
    found = list(check(tape.history()))
    assert any(re.search(broken.seen, said) for one in found for said in (one.expected, one.seen)), found
    said = " ".join(f"{one.expected} {one.seen}" for one in found)
    assert not [
        person for person in people() for secret in (person.id_no, person.name, person.psn_no) if secret in said
    ]


def test_every_rule_about_a_hall_has_a_way_to_fail() -> None:
    assert {broken.rule for broken in BROKEN} == HALL_RULES
