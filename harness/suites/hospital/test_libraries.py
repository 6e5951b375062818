"""The two libraries beside a HIS: of the wrong width, missing, or no library at all."""

import pytest

from harness.counter.libraries import Library
from harness.counter.outcome import Reason
from harness.scenarios.counter_stage import CounterStage, LibraryState
from harness.scenarios.registration import registered


@pytest.mark.case(
    "hospital/library",
    title="A library does not fit the system 动态库位数不符、缺失、损坏",
    requirements=["NX-DLL-PAIR"],
)
@pytest.mark.parametrize(
    "state", [LibraryState.OTHER_WIDTH, LibraryState.MISSING, LibraryState.CUT], ids=lambda state: str(state.value)
)
@pytest.mark.parametrize("library", [Library.VOUCHER, Library.SETTLEMENT], ids=lambda library: str(library.value))
def test_library(stage: CounterStage, library: Library, state: LibraryState) -> None:
    """Sign-in is an error that says which; with the right one installed the counter works."""
    stage.install_library(library, state)
    stage.expect_refused(stage.counter.sign_in(), Reason.LIBRARY_MISMATCH)
    stage.install_library(library, LibraryState.FITS)
    stage.expect_accepted(stage.counter.sign_in())
    registered(stage, "R0001")
