"""SM3 in parts against SM3 in one piece."""

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
