"""Joint-test flows as plain functions over drivers and ports."""
