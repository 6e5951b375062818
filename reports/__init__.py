"""Renders what a run leaves behind; reads a run's folder and nothing else."""
