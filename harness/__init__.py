"""The bench: drives devices, records them, judges them. It never imports `simulators`."""
