"""Entry of `python -m harness`; the command line lives in `harness.cli`."""
