"""A double of Superset for the deployment tests: what the shipped commands, init.sh and superset_config.py call, and no more."""
