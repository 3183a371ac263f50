"""Named by `imports` of superset_config.py; no task of it is run here."""
