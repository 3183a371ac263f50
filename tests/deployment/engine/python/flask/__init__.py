"""Superset's web framework, as far as superset_config.py goes."""


class Flask:
    """Only named."""


request = session = None  # there is none while a configuration is read
