"""Makes the first administrator where there is no such user, and touches none that exists.

`superset fab create-admin` would do, but takes the password as an argument, which the list of processes shows.
"""

import os
import sys
from pathlib import Path

from superset.app import create_app

name = os.environ["ADMIN_USERNAME"]
with (app := create_app()).app_context():
    security = app.appbuilder.sm
    if security.find_user(username=name):
        print(f"init: {name} exists and stays as it is")
        sys.exit()
    password = Path(os.environ["SECRETS_DIR"], "superset_admin_password").read_text().strip()
    if not password:
        sys.exit("init: the secret superset_admin_password is empty; run ./make-secrets")
    role = security.find_role("Admin") or security.add_role("Admin")
    if not security.add_user(name, "Superset", "Admin", os.environ["ADMIN_EMAIL"], role, password=password):
        sys.exit(f"init: the user {name} could not be made; the line above says why")
    print(f"init: made the administrator {name}")
