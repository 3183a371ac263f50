"""Its presence tells superset_config.py that it is loaded by Superset."""
