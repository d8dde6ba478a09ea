"""Parts of pruning.py."""
