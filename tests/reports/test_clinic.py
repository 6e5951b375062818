"""The page, the pictures and the terminal's tables of a run of the clinic model, from a folder and nothing else."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from harness.errors import ConfigError
from reports.clinic import effects, found_sentence, number, print_clinic, read_content, render_clinic, shortfalls
from simulators.clinic.command import Request, run
from tests.simulators.clinic.clinic_rig import SMALL

pytestmark = pytest.mark.slow

SETTINGS = tuple(f"{key}={value}" for key, value in SMALL.items())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page")
    run(Request(scenario="peak-hour", replications=2, settings=SETTINGS), out)
    render_clinic(out)
    return out


def test_the_page_answers_both_questions(folder: Path) -> None:
    page = (folder / "clinic.html").read_text(encoding="utf-8")
    assert "How many windows, boxes, machines and sessions?" in page
    assert "需要多少窗口、扫码墩、加密机和会话？" in page
    assert re.search(r"10:00–10:20 .*fails for 20 minutes", page)
    assert "people must pay otherwise" in page
    assert "Checked: the model keeps the service level" in page


def test_every_input_is_there_with_its_source(folder: Path) -> None:
    page = (folder / "clinic.html").read_text(encoding="utf-8")
    for row in read_content(folder)["parameters"]:
        assert f"<code>{row['key']}</code>" in page
    assert page.count('class="chip published"') >= 10
    assert page.count('class="chip assumed"') > 40


def test_the_page_needs_no_network_and_runs_no_foreign_script(folder: Path) -> None:
    page = (folder / "clinic.html").read_text(encoding="utf-8")
    assert "default-src 'none'; img-src data:" in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


@pytest.mark.parametrize(
    "name",
    [
        "queues",
        "waits",
        "utilisation",
        "institutions",
        "throughput",
        "latency",
        "what-if-machine-fails",
        "what-if-only-machine-fails",
    ],
)
def test_every_picture_is_drawn_and_not_blank(folder: Path, name: str) -> None:
    with Image.open(folder / "plots" / f"{name}.png") as picture:
        assert picture.width > 900
        colours = picture.convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert len(colours) > 50


def test_the_same_folder_gives_the_same_page(folder: Path) -> None:
    before = (folder / "clinic.html").read_bytes()
    render_clinic(folder)
    assert (folder / "clinic.html").read_bytes() == before


def test_the_terminal_tells_the_gist(folder: Path) -> None:
    out = io.StringIO()
    print_clinic(folder, Console(file=out, width=400))
    said = out.getvalue()
    assert "Response, 95th percentile" in said
    assert "How many" in said
    assert "changed 已改: population.insured" in said
    assert re.search(r"paid\s+otherwise, as before from 10:", said)


def test_a_what_if_says_when_it_is_over(folder: Path) -> None:
    found = {effect.name: effect for effect in effects(read_content(folder))}
    assert found["only-machine-fails"].cash > 0
    assert "10:20" <= found["only-machine-fails"].calm_again <= "10:25"


def test_shortfalls_are_named(folder: Path, tmp_path: Path) -> None:
    content = json.loads((folder / "clinic.json").read_text(encoding="utf-8"))
    assert shortfalls(content) == []
    measures = content["runs"]["base"]["measures"]
    measures["unserved"]["mean"] = 12.0
    measures["wait.window.within"]["mean"] = 0.5
    measures["response.p99"]["mean"] = 7.0
    said = " ".join(en for en, _ in shortfalls(content))
    assert "Overload: 12 people" in said
    assert "Only 50.0% are served at windows" in said
    assert "p99 is 7.00 s, above 5 s" in said
    (tmp_path / "clinic.json").write_text(json.dumps(content), encoding="utf-8")
    assert 'class="verdict findings"' in render_clinic(tmp_path).read_text(encoding="utf-8")


def test_a_sweep_and_a_search_have_their_pages(tmp_path: Path) -> None:
    for name, more in (("sweep", {"sweep": "platform.workers=2,8"}), ("find", {"find": "workers for p95 < 2 s"})):
        out = tmp_path / name
        run(Request(scenario="peak-hour", replications=2, settings=SETTINGS, **more), out)  # type: ignore[arg-type]  # text
        page = render_clinic(out).read_text(encoding="utf-8")
        assert (out / "plots" / f"{name}.png").exists()
        assert "platform.workers" in page
        print_clinic(out, Console(file=io.StringIO()))


def test_a_search_in_vain_is_told() -> None:
    found = {
        "key": "bank.machines",
        "measure": "response.p95",
        "limit": 0.1,
        "below": True,
        "capacity": None,
        "tried": [{"capacity": 8, "mean": 0.87, "half": 0.0, "met": False}],
    }
    assert "something else is the limit" in found_sentence(found)


def test_numbers_for_people() -> None:
    assert [number(value) for value in (None, 0.0, 0.1234, 12.34, 1234.5, 3.0)] == [
        "–",
        "0",
        "0.12",
        "12.3",
        "1,234",
        "3",
    ]
    assert number(0.951, "%") == "95.1 %"
    assert number(1.0, "%") == "100 %"


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"clinic\.json"):
        render_clinic(tmp_path)
    (tmp_path / "clinic.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no results"):
        read_content(tmp_path)
