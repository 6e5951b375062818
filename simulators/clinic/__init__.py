"""The clinic model: how much load the settlement path carries, and what happens when a part of it fails.

`MODEL` is what the command line finds under the entry point `liantiao.models`; see `docs/clinic-model.md`.
"""

from simulators.clinic.plugin import MODEL

__all__ = ["MODEL"]
