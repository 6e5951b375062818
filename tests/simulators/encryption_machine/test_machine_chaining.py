"""SM3 in parts against SM3 in one piece."""

import random

import gmssl_pyx.gmsslext
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gm import sm3
from simulators.encryption_machine import chaining


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_parts_give_the_digest_of_the_whole(parts: list[bytes]) -> None:
    state = chaining.start()
    for part in parts:
        state = chaining.update(state, part)
    assert chaining.digest(state) == sm3(b"".join(parts))


@pytest.mark.parametrize("state", [b"", b"x" * 39, b"x" * 104, chaining.start() + b"x", chaining.start()[:-1] + b"\1"])
def test_bytes_that_are_no_state_are_refused(state: bytes) -> None:
    with pytest.raises(chaining.BadState):
        chaining.update(state, b"")


@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8), st.integers(0, 5), st.randoms(use_true_random=False)
)
def test_the_fast_way_gives_what_plain_python_gives(words: list[int], count: int, dice: random.Random) -> None:
    blocks = dice.randbytes(count * chaining.BLOCK)
    assert chaining.compress(tuple(words), blocks) == chaining.compress_in_python(tuple(words), blocks)


def test_without_the_fast_way_the_digest_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaining, "compress", chaining.compress_in_python)
    assert chaining.digest(chaining.update(chaining.start(), b"abcd" * 50)) == sm3(b"abcd" * 50)


def test_a_library_without_the_function_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gmssl_pyx.gmsslext, "__file__", "/nowhere/gmsslext.so")
    assert chaining.native() is None
