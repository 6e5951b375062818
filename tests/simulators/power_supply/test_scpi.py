"""SCPI as the virtual supply understands it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.power_supply.scpi import Limits, Output, ScpiSupply


@pytest.fixture
def supply() -> ScpiSupply:
    return fresh()


def fresh() -> ScpiSupply:
    limits = Limits(identity="Maker,Model,1,1.0", most_mv=32_000, most_ma=3_000)
    return ScpiSupply(limits, fresh=lambda: Output(on=False, volts_mv=5_000, limit_ma=500), load_ma=lambda: 120)


@pytest.mark.parametrize(
    "header",
    ["VOLT", "volt", "VOLTage", "SOUR:VOLT", ":SOURce:VOLTage:LEVel:IMMediate:AMPLitude", "VOLT:LEV", "volt:ampl"],
)
def test_headers_in_short_and_long_form(supply: ScpiSupply, header: str) -> None:
    assert supply.execute(f"{header} 4.75") == ""
    assert supply.execute(f"{header}?") == "4.750"
    assert supply.execute("SYST:ERR?") == '0,"No error"'


@pytest.mark.parametrize(
    ("spelled", "mv"),
    [("5", 5000), ("4.2", 4200), ("4200mV", 4200), ("4.2 V", 4200), (".5", 500), ("1e1", 10_000), ("MIN", 0),
     ("MAX", 32_000), ("+3.3", 3300), ("DEF", 5000), ("0.0004", 0)],
)  # fmt: skip
def test_numbers(supply: ScpiSupply, spelled: str, mv: int) -> None:
    supply.execute(f"VOLT 1;VOLT {spelled}")
    assert supply.output.volts_mv == mv
    assert supply.errors == 0


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("VOLT 33", -222), ("VOLT -1", -222), ("VOLT five", -104), ("VOLT 5A", -104), ("VOLT", -109), ("OUTP", -109),
        ("OUTP MAYBE", -104), ("FOO 1", -113), ("VOLTS 5", -113), ("VO 5", -113), ("*FOO", -113), ("*RST 1", -108),
        ("OUTP? 1", -108), ("MEAS:VOLT? MAX", -108), ("VOLT 1e999", -222), ("VOLT 5,6", -104), ("SYST:REM 1", -108),
    ],
)  # fmt: skip
def test_what_is_wrong_is_in_the_error_queue(supply: ScpiSupply, message: str, error: int) -> None:
    assert supply.execute(message) == ""
    assert supply.execute("SYST:ERR?").startswith(f"{error},")
    assert supply.execute("SYST:ERR?") == '0,"No error"'
    assert supply.output.volts_mv == 5_000


def test_several_commands_in_one_message_go_down_the_same_path(supply: ScpiSupply) -> None:
    assert supply.execute("SOUR:VOLT:LEV 3;LEV?;:OUTP ON;OUTP?;*IDN?") == "3.000;1;Maker,Model,1,1.0"
    assert supply.execute("MEAS:VOLT?;CURR?;POW?") == "3.000;0.120;0.360"
    assert supply.execute("CURR?") == "0.500"


def test_measuring(supply: ScpiSupply) -> None:
    assert supply.execute("MEAS:VOLT?;CURR?") == "0.000;0.000"
    supply.execute("OUTP ON")
    assert supply.execute("MEASure:SCALar:VOLTage:DC?;:MEAS:CURR?") == "5.000;0.120"
    supply.execute("CURR 60mA")
    assert supply.execute("MEAS:VOLT?;CURR?") == "2.500;0.060"


def test_a_reset(supply: ScpiSupply) -> None:
    supply.execute("VOLT 3;OUTP ON;FOO;*RST")
    assert supply.execute("VOLT?;OUTP?") == "5.000;0"
    assert supply.errors == 1
    assert supply.execute("*ESR?;*STB?") == "32;4"
    supply.execute("*CLS")
    assert supply.execute("*ESR?;*STB?;*OPC?") == "0;0;1"


def test_the_error_queue_overflows(supply: ScpiSupply) -> None:
    for _ in range(30):
        supply.execute("FOO")
    told = [supply.execute("SYST:ERR?") for _ in range(21)]
    assert told[18].startswith("-113")
    assert told[19] == '-350,"Queue overflow"'
    assert told[20] == '0,"No error"'


@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    supply = fresh()
    supply.execute(text)
    assert 0 <= supply.output.volts_mv <= 32_000
    assert 0 <= supply.output.limit_ma <= 3_000
    assert supply.execute("*IDN?") == "Maker,Model,1,1.0"
