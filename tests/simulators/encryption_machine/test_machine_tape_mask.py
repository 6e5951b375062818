"""What masking hides, and what it leaves."""

import base64

import pytest

from simulators.encryption_machine.tape_mask import masked, masked_element, masked_fields, masked_from

SECRET = bytes(range(200, 216))


@pytest.mark.parametrize(
    "spelled",
    [SECRET, SECRET.hex().encode(), SECRET.hex().upper().encode(), base64.b64encode(SECRET)],
)
def test_a_secret_is_hidden_in_every_spelling(spelled: bytes) -> None:
    found = masked(b"before " + spelled + b" after", (SECRET,))
    assert found.data == b"before " + b"*" * len(spelled) + b" after"
    assert found.hidden == len(spelled)


def test_without_secrets_nothing_is_hidden() -> None:
    assert masked(b"a * b", ()) == (b"a * b", 0)


def test_an_element_hides_its_content_alone() -> None:
    assert masked_element(b"\x04\x041234 1234", b"1234") == (b"\x04\x04**** 1234", 4)
    assert masked_element(b"1234", b"") == (b"1234", 0)


def test_hiding_from_a_position_keeps_the_length() -> None:
    assert masked_from(b"abcdef", 2) == (b"ab****", 4)
    assert masked_from(b"a", 2) == (b"a", 0)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b'{"keyValue":"c2VjcmV0","keyIndex":1}', b'{"keyValue":"********","keyIndex":1}'),
        (b'{"keyValue" : "c2VjcmV0" , broken', b'{"keyValue" : "********" , broken'),
        (b"keyIndex=1&keyValue=c2VjcmV0%3D&x=1", b"keyIndex=1&keyValue=***********&x=1"),
        (b'{"keyIndex":1}', b'{"keyIndex":1}'),
        (b'{"keyValue":123456}', b'{"keyValue":******}'),
        (b'{"key\\u0056alue":"c2V\\u006acmV0"}', b'{"key\\u0056alue":"*************"}'),
        (b"key%56alue=c2VjcmV0", b"key%56alue=********"),
        (b'{"request":"{\\"keyValue\\":\\"c2VjcmV0\\"}"}', b'{"request":"{\\"keyValue\\":\\"********\\"}"}'),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nke",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n*****",
        ),
    ],
)
def test_fields_of_http_messages_are_hidden(message: bytes, expected: bytes) -> None:
    assert masked_fields(message).data == expected
