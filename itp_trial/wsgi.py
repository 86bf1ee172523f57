"""The WSGI entry point (gunicorn itp_trial.wsgi)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
application = get_wsgi_application()

# After Django is set up: with a trail that could be passed by, nobody is answered.
from itp_trial import readiness  # noqa: E402  (needs the loaded settings)

readiness.require()
