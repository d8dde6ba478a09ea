"""The contestants and sections of `benchmarks/training.py`, one file each."""
