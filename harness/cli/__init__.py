"""The command line: words and options, by who uses them; the work is in `harness.commands`.

Exit status: 0 certified, 1 findings, 2 your configuration, 3 inconclusive.
"""

from harness.cli.entry import main

__all__ = ["main"]
