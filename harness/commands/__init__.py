"""What each command of `liantiao` does; the words and options stand in `harness.cli`."""
