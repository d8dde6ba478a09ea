"""Parts of `accuracy.py`."""
