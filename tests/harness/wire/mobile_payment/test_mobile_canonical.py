"""The canonical string, option by option."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.mobile_payment.canonical import (
    DEEPEST,
    NATIONAL,
    Arrays,
    Canonical,
    Charset,
    Empty,
    Numbers,
    Order,
    Reach,
    Scalars,
    Secret,
    canonical_bytes,
    canonical_data,
    canonical_string,
    decode,
    spell,
    variations,
)

DATA = '{"b":{"z":1,"a":null},"a":12.50,"list":[{"y":true,"x":""},{}],"none":[],"empty":{},"zero":0,"name":"张三 👩"}'


def data_of(**options: Any) -> str:
    data = decode(DATA)
    assert isinstance(data, dict)
    return canonical_data(data, rules=Canonical(**options))


def test_top_level_is_filtered_sorted_and_ends_with_the_secret() -> None:
    message = {
        "version": "2.0.1",
        "appId": "A",
        "signData": "s",
        "encData": "e",
        "extra": {"x": 1},
        "empty": "",
        "null": None,
        "timestamp": 1692977670450,
        "Zone": "Z",
        "success": True,
    }
    expected = "Zone=Z&appId=A&success=true&timestamp=1692977670450&version=2.0.1&key=S"
    assert canonical_string(message, secret="S") == expected


def test_the_default_is_the_national_rule() -> None:
    assert data_of() == ('{"a":"12.50","b":{"z":"1"},"list":[{"y":"true"},{}],"name":"张三 👩","zero":"0"}')


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"numbers": Numbers.SHORTEST}, '"a":"12.5",'),
        ({"scalars": Scalars.JSON}, '"a":12.50,"b":{"z":1},"list":[{"y":true},{}],'),
        ({"scalars": Scalars.JSON, "numbers": Numbers.SHORTEST}, '"a":12.5,'),
        ({"nulls": Empty.KEPT}, '"b":{"a":null,"z":"1"}'),
        ({"empty_texts": Empty.KEPT}, '{"x":"","y":"true"}'),
        ({"empty_arrays": Empty.KEPT}, '"none":[],'),
        ({"empty_objects": Empty.KEPT}, '"empty":{},'),
        ({"zeros": Empty.DROPPED}, '"name":"张三 👩"}'),
        ({"arrays": Arrays.DROPPED}, '"b":{"z":"1"},"name"'),
        ({"arrays": Arrays.AS_SENT}, '"list":[{"y":true,"x":""},{}],'),
        ({"arrays": Arrays.SORTED}, '"list":[{"y":"true"},{}],'),
        ({"order": Order.AS_SENT}, '{"b":{"z":"1"},"a":"12.50","list":[{"y":"true"},{}],"zero":"0",'),
        ({"order": Order.SHALLOW, "nulls": Empty.KEPT}, '"b":{"z":"1","a":null},"list"'),
        ({"order": Order.SHALLOW, "empty_texts": Empty.KEPT}, '"list":[{"x":"","y":"true"},{}]'),
        ({"reach": Reach.TOP}, '{"a":"12.50","b":{"a":null,"z":1},"list":[{"x":"","y":true},{}],'),
        ({"charset": Charset.ESCAPED}, r'"name":"\u5f20\u4e09 \ud83d\udc69"'),
    ],
)
def test_each_option_changes_its_own_part(options: dict[str, Any], expected: str) -> None:
    assert expected in data_of(**options)
    assert data_of(**options) != data_of() or options == {"arrays": Arrays.SORTED}


def test_sorted_arrays_are_in_the_order_of_their_text() -> None:
    data = {"l": [{"b": 2}, {"a": 1}, 10, 9]}
    assert canonical_data(data, rules=Canonical(arrays=Arrays.SORTED)) == '{"l":["10","9",{"a":"1"},{"b":"2"}]}'
    assert canonical_data(data) == '{"l":[{"b":"2"},{"a":"1"},"10","9"]}'


def test_an_object_that_lost_all_its_members_goes_only_when_told() -> None:
    data = {"a": {"b": {"c": ""}}, "d": "1"}
    assert canonical_data(data) == '{"a":{"b":{}},"d":"1"}'
    assert canonical_data(data, rules=Canonical(empty_objects=Empty.EMPTIED)) == '{"d":"1"}'
    message = {"data": {"a": ""}, "x": "1"}
    assert canonical_string(message, secret="S") == "data={}&x=1&key=S"
    assert canonical_string(message, secret="S", rules=Canonical(empty_objects=Empty.EMPTIED)) == "x=1&key=S"


@pytest.mark.parametrize(
    ("secret", "end"), [(Secret.KEYED, "&x=1&key=S"), (Secret.BARE, "&x=1&S"), (Secret.MISSING, "&x=1")]
)
def test_how_the_secret_ends_the_string(secret: Secret, end: str) -> None:
    assert canonical_string({"a": "0", "x": "1"}, secret="S", rules=Canonical(secret=secret)) == "a=0" + end


def test_gbk_is_another_spelling_of_the_same_string() -> None:
    message = {"data": {"name": "张三"}}
    assert canonical_bytes(message, secret="S", rules=Canonical(charset=Charset.GBK)).decode("gbk") == (
        canonical_bytes(message, secret="S").decode()
    )


@pytest.mark.parametrize("value", [12.5, {1, 2}, b"x", object()])
def test_what_is_no_json_or_a_float_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="nothing that a message may contain"):
        canonical_string({"data": {"a": [value]}}, secret="S")
    with pytest.raises(ValueError, match="nothing that a message may contain"):
        spell({"a": value})


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        '{"a":NaN}',
        '{"a":1e999999999}',
        '{"a":1e-999999999}',
        '{"a":' + "9" * 60 + "}",
        '{"a":0.' + "1" * 60 + "}",
        '{"a":' + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1) + "}",
        "[" * 200_000,
        '{"a":"\\ud800"}',
        "{'a':1}",
        "",
        "{}{}",
    ],
)
def test_what_two_programs_would_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text)


def test_numbers_keep_their_digits() -> None:
    text = '{"a":12.50,"b":-0.00,"c":123456789012345678901234567890,"d":0.0000001,"e":-0}'
    assert spell(decode(text)) == text.replace('"e":-0', '"e":0')
    shortest = Canonical(numbers=Numbers.SHORTEST)
    assert canonical_data({"a": Decimal("-0.00"), "b": Decimal("100"), "c": Decimal("1.50")}, rules=shortest) == (
        '{"a":"0","b":"100","c":"1.5"}'
    )


def test_variations_differ_from_the_rule_and_from_each_other() -> None:
    found = [rules for _, rules in variations(NATIONAL)]
    assert NATIONAL not in found
    assert len(set(found)) == len(found) > 100


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), VALUES, max_size=5))
def test_the_string_does_not_depend_on_the_order_of_keys_and_the_rule_is_idempotent(data: dict[str, Any]) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(value)}
        return [turned(element) for element in value] if isinstance(value, list) else value

    once = canonical_data(data)
    assert canonical_data(turned(data)) == once
    again = decode(once)
    assert isinstance(again, dict)
    emptied = Canonical(empty_objects=Empty.EMPTIED, empty_arrays=Empty.EMPTIED)
    clean = canonical_data(data, rules=emptied)
    cleaned = decode(clean)
    assert isinstance(cleaned, dict)
    assert canonical_data(cleaned, rules=emptied) == clean


@given(st.text(max_size=200))
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    try:
        value = decode(text)
    except ValueError:
        return
    spell(value)
