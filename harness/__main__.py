"""Entry of `python -m harness`; the command line lives in `harness.cli`."""

from harness.cli import main

if __name__ == "__main__":
    main()
