"""Province profiles."""

import dataclasses
import json

import pytest

from harness.errors import ConfigError
from harness.wire.institution import TRANSACTIONS
from harness.wire.profile import load_profile, offered_profiles


def test_qinghai_has_a_path_for_every_transaction_and_marks_the_assumed_ones() -> None:
    profile = load_profile("qinghai")
    assert set(profile.paths) == set(TRANSACTIONS)
    assert all(path.startswith("/fsi/api/") for path in profile.paths.values())
    assert profile.paths["9001"] == "/fsi/api/signInSignOutService/signIn"
    assert profile.paths["2601"] == "/fsi/api/reverseService/revsMethod"
    assert set(profile.assumed_paths) == {"2101", "2102", "2103", "3203", "3204", "5203"}
    assert profile.paths["2201"].endswith("/outpatientRregistration"), "the interface's own spelling"
    assert profile.paths["2207"].endswith("/saveSettletmentV2")


def test_an_unknown_profile_names_those_offered() -> None:
    with pytest.raises(ConfigError) as caught:
        load_profile("quinghai")
    assert "quinghai" in caught.value.problem
    assert all(name in caught.value.remedy for name in offered_profiles())


@pytest.mark.parametrize("name", ["", "../qinghai", "qinghai.toml"])
def test_a_name_is_not_a_path(name: str) -> None:
    with pytest.raises(ConfigError):
        load_profile(name)


def test_every_profile_loads_is_frozen_and_can_be_told_to_an_adapter() -> None:
    for name in offered_profiles():
        profile = load_profile(name)
        assert json.loads(json.dumps(profile.for_adapter()))["paths"]["2102"] == profile.paths["2102"]
        with pytest.raises(dataclasses.FrozenInstanceError):
            profile.name = "other"  # type: ignore[misc]  # that is the point
