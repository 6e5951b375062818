"""Verdicts: histories, plans, and what the rules make of them. Pure functions of the tape."""
