"""The WSGI entry point (gunicorn itp_trial.wsgi)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
application = get_wsgi_application()
