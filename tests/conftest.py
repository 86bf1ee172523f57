"""Runs before anything imports the settings: start the private servers that the tests use.

Under xdist the controller imports this file first and keeps the servers alive until the end; its workers inherit the
variables and start nothing. Each worker makes a database of its own on the one server.
"""

import os

import django

from itp_trial import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
embedded.provide(embedded.BASE_DIR / "var" / "test", durable=False)
django.setup()
