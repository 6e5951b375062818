"""Scenario files: complete, checked, with units and sources; every mistake names its key and a remedy."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigError
from simulators.clinic.faults import FaultKind
from simulators.clinic.parameters import Source, catalogue
from simulators.clinic.scenario import load_scenario, shipped_scenarios, shipped_twin


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_is_complete_and_every_number_has_its_source(name: str) -> None:
    scenario = load_scenario(name)
    assert set(scenario.parameters) == set(catalogue())
    assert all(parameter.note for parameter in scenario.parameters.values())
    assert scenario.id == name
    for what_if in scenario.what_ifs:
        scenario.asked(what_if)


def test_the_documented_population_is_in_it() -> None:
    scenario = load_scenario("peak-hour")
    assert scenario.whole("population.insured") == 1_800_000
    assert scenario.shares("bank.split") == (6, 3, 1)
    assert scenario.parameters["bank.split"].source is Source.PUBLISHED
    assert load_scenario("city").whole("population.insured") == 720_643


def test_a_file_holds_only_what_differs(own: Path) -> None:
    own.write_text(
        'extends = "peak-hour"\n[hospital]\nwindows = { value = 3, unit = "windows", source = "measured: counted" }\n',
        encoding="utf-8",
    )
    mine = load_scenario(str(own))
    twin = shipped_twin(mine)
    assert twin is not None
    assert mine.differences(twin) == {"hospital.windows": (24, 3)}
    assert mine.parameters["hospital.windows"].source is Source.MEASURED


def test_a_value_that_is_set_is_an_assumption_of_whoever_set_it() -> None:
    changed = load_scenario("peak-hour").with_values({"population.insured": 5})
    assert changed.parameters["population.insured"].source is Source.ASSUMED


WRONG = {
    "unknown key": ('[hospital]\nwindow = { value = 3, unit = "windows", source = "assumed: x" }', "hospital.windows"),
    "no servers": ('[hospital]\nwindows = { value = 0, unit = "windows", source = "assumed: x" }', "between 1 and"),
    "half a server": ('[hospital]\nwindows = { value = 1.5, unit = "windows", source = "assumed: x" }', "whole number"),
    "negative rate": (
        '[population]\nsettlements_per_day = { value = -1, unit = "1/day", source = "assumed: x" }',
        "population.settlements_per_day",
    ),
    "not a number": ('[step.scan]\nmean = { value = "fast", unit = "s", source = "assumed: x" }', "step.scan.mean"),
    "nan": ('[step.scan]\nmean = { value = nan, unit = "s", source = "assumed: x" }', "step.scan.mean"),
    "wrong unit": ('[step.scan]\nmean = { value = 350, unit = "ms", source = "assumed: x" }', "'ms'"),
    "no source": ('[step.scan]\nmean = { value = 1, unit = "s", source = "" }', "published: where"),
    "odd source": ('[step.scan]\nmean = { value = 1, unit = "s", source = "guessed: x" }', "published: where"),
    "bare number": ("[step.scan]\nmean = 1.0", "value, unit and source"),
    "profile": (
        '[profile]\nclinic = { value = [0.5, 0.4], unit = "1", source = "assumed: x" }',
        "profile.clinic sums to 0.9",
    ),
    "mix": ('[mix]\nwindow = { value = 0.5, unit = "1", source = "assumed: x" }', "sum to 1.04"),
    "day": ('[day]\nuntil = { value = 7.0, unit = "h", source = "assumed: x" }', "day.until"),
    "layout": ('[sites]\nlayout = { value = "moon", unit = "", source = "assumed: x" }', "province, city"),
    "too many": (
        '[population]\ninsured = { value = 1_500_000_000, unit = "people", source = "assumed: x" }',
        "more than the model holds",
    ),
    "TOML": ("[hospital\n", "no valid TOML"),
    "fault kind": ('[[what_if]]\nname = "x"\n[[what_if.fault]]\nkind = "fire"\nat = "09:00"\nminutes = 1', "'fire'"),
    "fault time": (
        '[[what_if]]\nname = "x"\n[[what_if.fault]]\nkind = "line-cut"\nat = "nine"\nminutes = 1',
        "a clock time",
    ),
    "fault minutes": (
        '[[what_if]]\nname = "x"\n[[what_if.fault]]\nkind = "line-cut"\nat = "09:00"\nminutes = -1',
        "minutes = -1",
    ),
    "fault key": (
        '[[what_if]]\nname = "x"\n[[what_if.fault]]\nkind = "line-cut"\nat = "09:00"\nminutes = 1\nfactor = 2',
        "factor",
    ),
    "what-if key": ('[[what_if]]\nname = "x"\nfaults = 1', "faults"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_names_its_key_and_a_remedy(own: Path, mistake: str) -> None:
    text, said = WRONG[mistake]
    own.write_text(f'extends = "peak-hour"\n{text}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_scenario(str(own))
    assert said in str(error.value)
    assert error.value.remedy


def test_a_lacking_parameter_is_named(own: Path) -> None:
    own.write_text('title = "nothing"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"population\.insured"):
        load_scenario(str(own))


def test_files_that_extend_each_other_are_refused(own: Path) -> None:
    own.write_text(f'extends = "{own.name}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="extends too many"):
        load_scenario(str(own))


def test_an_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(ConfigError) as error:
        load_scenario("peak-houre")
    assert "'peak-hour'" in error.value.cause
    assert "overload" in error.value.remedy


def test_a_fault_must_hit_something_that_is_there() -> None:
    scenario = load_scenario("peak-hour")
    what_if = scenario.what_if("machine-fails")
    fault = what_if.faults[0]
    assert fault.kind is FaultKind.MACHINE_FAILS
    with pytest.raises(ConfigError, match="outside of the day"):
        scenario.with_values({"day.until": 9.5}).asked(what_if)
    with pytest.raises(ConfigError, match="2 machines fail where there are 1"):
        scenario.with_values({"bank.machines": 1}).asked(replace(what_if, faults=(replace(fault, machines=2),)))
    with pytest.raises(ConfigError, match="'CCB'"):
        scenario.asked(replace(what_if, faults=(replace(fault, bank="CCB"),)))


def test_an_unknown_what_if_names_those_there_are() -> None:
    with pytest.raises(ConfigError) as error:
        load_scenario("peak-hour").what_if("machine-fail")
    assert "machine-fails" in str(error.value)
