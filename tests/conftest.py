"""Runs before anything imports the settings: start the private servers that the tests use.

Under xdist the controller imports this file first and keeps the servers alive until the end; its workers inherit the
variables and start nothing. Each worker makes a database of its own on the one server.
"""

import os
from pathlib import Path

import django

from itp_trial import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
# Two runs at the same time need two folders: ITP_TEST_VAR_DIR=var/test2 pytest ...
embedded.provide(Path(os.environ.get("ITP_TEST_VAR_DIR") or embedded.BASE_DIR / "var" / "test"), durable=False)
django.setup()
