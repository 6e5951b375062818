"""No rule objects to what a correct adapter does, whatever is done to it."""

from collections.abc import Callable

import pytest

from harness.rules.registry import all_rules
from tests.harness.rules.box_breaking import paid_at_the_box
from tests.harness.rules.content_breaking import with_own_clock
from tests.harness.rules.desk_stories import DESK_STORIES
from tests.harness.rules.hospital_stories import HOSPITAL_STORIES
from tests.harness.rules.statement_breaking import STATEMENT_STORIES
from tests.harness.rules.stories import STORIES
from tests.harness.rules.tape_builder import TapeBuilder


@pytest.mark.parametrize(
    "story",
    [*STORIES, *DESK_STORIES, *HOSPITAL_STORIES, *STATEMENT_STORIES, with_own_clock, paid_at_the_box],
    ids=lambda story: story.__name__,
)
def test_a_good_story_has_no_finding(story: Callable[[], TapeBuilder]) -> None:
    history = story().history()
    found = [(name, seen) for name, rule in all_rules().items() for seen in rule.check(history)]
    assert found == []
