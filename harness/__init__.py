"""The bench: drives devices, records them, judges them. It never imports `simulators`."""

__version__ = "0.1.0"
