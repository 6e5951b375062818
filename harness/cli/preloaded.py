"""What every certification loads and compiles on its way, done once by importing this module.

A proof certifies some hundred mutants; its fork server imports this, and each certification begins where it ended.
Nothing here starts a thread.
"""

import importlib
import pkgutil

import harness.crews
from harness.bench.registry import kinds, simulator_type
from harness.rules.registry import all_rules
from reports.html import compile_pages

_LAZY = (
    "PIL.PngImagePlugin",
    "_pytest.skipping",
    "_pytest.unittest",
    "_pytest.warnings",
    "_strptime",
    "anyio._backends._asyncio",
    "encodings.gb18030",
    "encodings.idna",
    "encodings.unicode_escape",
    "encodings.utf_8_sig",
    "h11",
    "harness.cli",
    "harness.commands.running",
    "harness.commands.signing",
    "harness.pytest_plugin",
    "httpcore",
    "pdb",
    "reports.progress",
    "reports.render",
    "sqlite3",
    "typer._adapters",
    "uvicorn.lifespan.off",
    "uvloop",
)
"""What libraries, and the commands, import only once it is called for."""

for _name in _LAZY:
    importlib.import_module(_name)
for _kind in kinds():
    simulator_type(_kind)
for _crew in pkgutil.iter_modules(harness.crews.__path__):
    importlib.import_module(f"harness.crews.{_crew.name}")
all_rules()
compile_pages()
