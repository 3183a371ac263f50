"""Superset's library of caches, as far as superset_config.py goes."""
