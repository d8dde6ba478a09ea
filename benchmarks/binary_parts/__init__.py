"""Parts of `binary.py`."""
