"""What of an ID number may stand in a text, and in which spellings a datum is found."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest

from harness.rules.disclosure import part, whole
from harness.rules.limits import Limits

ID_NO, NAME = "639999198503127031", "测试·阿卜杜"


@pytest.mark.parametrize(
    "said",
    [
        "639999********7031",
        "6399**********7031",
        "6*****************",
        "***************031",
        "1985-03-12",
        "born 19850312",
        "639999000000000001",
        "P639999000012020101408300001",
        "639999 2020-10-14 08:30:00",
        "63999919 and 12703",
    ],
)
def test_masked_forms_and_other_numbers_may_stand(said: str) -> None:
    text = f"08:30 {said} read\n".encode()
    assert part(text, ID_NO, Limits()) is None
    assert whole(text, ID_NO) is None


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("6399991985031270**", 16),
        ("63999919850312****", 14),
        ("*********503127031", 9),
        ("639999-19850312-7031", 18),
        ("639999 1985 0312 7031", 18),
        ("63999919**03127031", 16),
        ("6399*919*503*27*31", 14),
        ("639999198", 9),
    ],
)
def test_more_than_eight_digits_in_a_row_or_ten_of_all_say_too_much(said: str, digits: int) -> None:
    found = part(f"read {said} well".encode(), ID_NO, Limits())
    assert found is not None
    assert found[1] == digits
    assert said[found[0] - len("read ")].isdigit()


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("secret", [ID_NO, NAME])
def test_base64_is_found_wherever_it_stands_in_what_was_encoded(
    before: int, encode: Callable[[bytes], bytes], secret: str
) -> None:
    said = encode(b"x" * before + secret.encode() + b'","more":1}')
    found = whole(b"sent " + said, secret)
    assert found is not None
    assert found[1] == "Base64"


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (NAME.encode(), ""),
        (NAME.encode("gb18030"), "gb18030"),
        (NAME.encode().hex().upper().encode(), "hex"),
        (json.dumps(NAME).encode(), "escapes"),
        (quote(NAME).encode(), "escapes"),
    ],
    ids=["plain", "GBK", "hex", "JSON", "URL"],
)
def test_a_name_is_found_in_every_spelling(said: bytes, how: str) -> None:
    found = whole(b"read " + said, NAME)
    assert found is not None
    assert found[1] == how


def test_half_a_character_is_no_secret_and_breaks_nothing() -> None:
    assert whole(b"anything", "\ud800") is None
    assert part(b"anything", "\ud800", Limits()) is None
