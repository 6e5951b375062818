"""The command `python -m simulators.his KIND [--mutant NAME] [--list-mutants] [--bits 32|64] [--own-clock]`."""

import argparse
import sys

from simulators.his.kinds import KINDS
from simulators.his.mutants import MUTANTS, behaviour_of, mutants_of
from simulators.his.port import input_lines, machine_time, serve


def main() -> int:
    """Run the adapter until `bye` or the end of its input; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.his",
        description="The reference HIS adapter; speaks the counter port's JSON lines on standard input and output.",
    )
    parser.add_argument("kind", nargs="?", default="pharmacy", choices=sorted(KINDS), help="what the institution is")
    parser.add_argument(
        "--mutant", metavar="NAME", choices=[mutant.name for mutant in MUTANTS], help="one known defect"
    )
    parser.add_argument(
        "--list-mutants",
        action="store_true",
        help="print NAME, English, Chinese, what shows it, profile=NAME where it shows under that one alone",
    )
    parser.add_argument(
        "--bits", type=int, default=64, choices=[32, 64], help="width of the process that it claims to be"
    )
    parser.add_argument(
        "--own-clock", action="store_true", help="say the machine's time in Beijing, whatever time the commands carry"
    )
    options = parser.parse_args()
    if options.list_mutants:
        for mutant in mutants_of(options.kind):
            profile = (f"profile={mutant.profile}",) if mutant.profile else ()
            row = (mutant.name, mutant.english, mutant.chinese, mutant.shown_by, *profile)
            sys.stdout.write("\t".join(row) + "\n")
        return 0
    return serve(
        input_lines(sys.stdin.fileno()),
        sys.stdout.buffer,
        sys.stderr,
        kind=options.kind,
        counter=KINDS[options.kind],
        behaviour=behaviour_of(options.mutant),
        bits=options.bits,
        own_time=machine_time if options.own_clock else None,
    )


if __name__ == "__main__":
    sys.exit(main())
