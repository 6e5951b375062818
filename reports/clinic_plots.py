"""The pictures of a run of the clinic model, as PNG files; they read `clinic.json` and nothing else.

Labels are English and Chinese where the machine has a font for both, English alone elsewhere.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from reports.clinic_day_plots import institutions, queues, utilisation, waits, what_if
from reports.clinic_load_plots import find, latency, sweep, throughput
from reports.clinic_plot_style import Content, save, style

FOLDER = "plots"


def draw_all(content: Content, out: Path) -> dict[str, Path]:
    """Draw every picture that the results have data for; returns name to file."""
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    plots: dict[str, Callable[[Content], Figure | None]] = {
        "queues": queues,
        "waits": waits,
        "utilisation": utilisation,
        "throughput": throughput,
        "latency": latency,
        "institutions": institutions,
        "sweep": sweep,
        "find": find,
    }
    found = {}
    with mpl.rc_context(style()):  # type: ignore[arg-type]  # the stub lists every key as a literal
        for name, plot in plots.items():
            figure = plot(content)
            if figure is not None:
                found[name] = save(figure, folder / f"{name}.png")
        for name in content.get("runs", {}):
            if name != "base":
                found[f"what-if {name}"] = save(what_if(content, name), folder / f"what-if-{name}.png")
    return found
