"""The page: whole in itself, kept up to date, and free of personal data; settings are checked."""

import json
import re

import pytest

from harness.bench.settings import read_settings
from harness.errors import ConfigError
from simulators.terminal import SIMULATOR, TerminalSettings
from simulators.terminal.prompts import masked_name, masked_number
from tests.simulators.terminal.conftest import Running


def test_the_page_takes_nothing_from_elsewhere(terminal: Running) -> None:
    page = terminal.http.get(terminal.bench.address("terminal") + "/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"(src|href)=\"?https?:", page.text)
    for text in ("医保综合服务终端", "Insurance terminal", "联调测试医院", "放身份证", "Put the ID card on"):
        assert text in page.text


def test_an_open_page_hears_what_both_libraries_wait_for(terminal: Running) -> None:
    """Also what the voucher centre waits for, which the terminal asks only while a page is open."""
    with terminal.http.stream("GET", terminal.bench.address("terminal") + "/live", timeout=60) as reply:
        told = (json.loads(line.removeprefix("data: ")) for line in reply.iter_lines() if line)
        assert next(told)["asked"] == []
        reading = terminal.centre("cn.nhsa.cert.get")
        assert next(shown for shown in told if shown["asked"])["asked"] == ["id-card"]
        terminal.present("id-card", "P001")
        assert reading.result()["code"] == 0
        assert next(shown for shown in told if not shown["asked"])["asked"] == []
        reading = terminal.library("ReadCardBas")
        assert next(shown for shown in told if shown["asked"])["asked"] == ["card"]
        terminal.present("card", "P001")
        assert reading.result()["code"] == 0


def test_without_an_open_page_the_centre_is_not_asked(terminal: Running) -> None:
    terminal.screen()
    assert not any(b"/terminal/asked" in record.data for record in terminal.bench.tape.recent())


def test_names_and_numbers_are_masked() -> None:
    assert (masked_name("测试甲"), masked_name("欧阳·测试"), masked_name("")) == ("测**", "欧****", "")
    assert masked_number("639999198503127031") == "639************031"


def test_the_plug_says_what_it_is() -> None:
    assert (SIMULATOR.kind, SIMULATOR.needs) == ("terminal", ("voucher-centre",))
    assert SIMULATOR.settings() == TerminalSettings()


@pytest.mark.parametrize(
    "raw", [{"card_s": 0}, {"keypad_s": 90000}, {"institution": "H1"}, {"terminal_no": "1|2"}, {"colour": "red"}]
)
def test_bad_settings_are_errors_of_configuration(raw: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        read_settings(TerminalSettings, raw, where="test")
