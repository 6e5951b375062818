"""Every rule says in Chinese, too, what must hold."""

import re

from harness.rules.registry import all_rules
from reports.vocabulary import rule_in_chinese, rules_in_chinese

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_rule_has_a_chinese_sentence_of_its_own() -> None:
    sentences = {name: rule_in_chinese(name) for name in all_rules()}
    assert [name for name, sentence in sentences.items() if not CHINESE.search(sentence)] == []
    assert all(sentence.endswith("。") for sentence in sentences.values())
    assert len(set(sentences.values())) == len(sentences)


def test_no_sentence_is_left_of_a_rule_that_is_gone() -> None:
    assert set(rules_in_chinese()) == set(all_rules())


def test_a_rule_of_somebody_else_has_none() -> None:
    assert rule_in_chinese("not-a-rule") == ""
