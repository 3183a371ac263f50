"""Superset's library of logins, as far as superset_config.py goes."""


class _Signal:
    def connect(self, receiver):
        return receiver


user_logged_in = _Signal()
