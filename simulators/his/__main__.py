"""The command `python -m simulators.his pharmacy [--mutant NAME] [--list-mutants]`."""

import argparse
import sys

from simulators.his.mutants import MUTANTS, behaviour_of
from simulators.his.port import input_lines, serve


def main() -> int:
    """Run the adapter until `bye` or the end of its input; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.his",
        description="The reference HIS adapter; speaks the counter port's JSON lines on standard input and output.",
    )
    parser.add_argument("kind", nargs="?", default="pharmacy", choices=["pharmacy"], help="what the institution is")
    parser.add_argument(
        "--mutant", metavar="NAME", choices=[mutant.name for mutant in MUTANTS], help="one known defect"
    )
    parser.add_argument("--list-mutants", action="store_true", help="print NAME, English, Chinese, what shows it")
    options = parser.parse_args()
    if options.list_mutants:
        for mutant in MUTANTS:
            sys.stdout.write("\t".join((mutant.name, mutant.english, mutant.chinese, mutant.shown_by)) + "\n")
        return 0
    return serve(input_lines(sys.stdin.fileno()), sys.stdout.buffer, sys.stderr, behaviour_of(options.mutant))


if __name__ == "__main__":
    sys.exit(main())
