"""The Celery application, with the settings of the shipped superset_config.py as they are."""

import superset_config
from celery import Celery

app = Celery("superset")
app.config_from_object(superset_config.CELERY_CONFIG)
app.set_default()
