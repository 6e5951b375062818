"""Robot Framework libraries over the same scenarios."""
