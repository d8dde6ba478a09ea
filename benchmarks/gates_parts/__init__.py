"""Parts of gates.py."""
