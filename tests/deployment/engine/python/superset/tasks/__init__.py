"""Superset's package of tasks."""
