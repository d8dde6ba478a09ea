"""The sections of `benchmarks/engine.py`, one file each."""
