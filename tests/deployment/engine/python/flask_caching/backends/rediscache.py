"""The one name that superset_config.py imports."""


class RedisCache:
    """Where results of SQL Lab would go."""

    def __init__(self, **options: object) -> None:
        self.options = options
