"""The Celery application. Tasks live in each app's ``tasks.py``; the schedule is in ``schedule`` below."""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")

app = Celery("itp_trial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_to_start_without_the_trail(**_: object) -> None:
    """A worker whose writes would leave no trace, or reach other sites, does not start."""
    from itp_trial import readiness

    readiness.require()


# UTC, and far from Cairo's midnight, where the clock jumps twice a year: 04:00 UTC is 06:00 or 07:00 in Cairo.
app.conf.beat_schedule = {
    "audit-trail": {"task": "itp_trial.tasks.verify_and_anchor", "schedule": crontab(hour=2, minute=30)},
    "leavers": {"task": "delegation.tasks.end_sessions_of_leavers", "schedule": crontab(hour=2, minute=0)},
    "responses": {"task": "responses.tasks.reclassify", "schedule": crontab(hour=3, minute=0)},
    "visit-reminders": {"task": "casebook.tasks.send_visit_digests", "schedule": crontab(hour=4, minute=0)},
    "sessions": {"task": "accounts.tasks.tidy", "schedule": crontab(hour=3, minute=30)},
    "safety-clocks": {"task": "assessments.tasks.tell_of_safety_deadlines", "schedule": 300.0},
    "outbox": {"task": "casebook.tasks.drain_outbox", "schedule": 60.0},
}
