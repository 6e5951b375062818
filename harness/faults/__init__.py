"""Faults: the catalogue of disturbances, their schedule, and the witness that they happened."""
