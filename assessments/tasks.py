"""Background tasks. Each may be delivered twice, or late: the tables decide what is to be done."""

from celery import shared_task
from django.utils import timezone

from assessments import reminders
from itp_trial.scope import seeing_everything


@shared_task
def tell_of_safety_deadlines() -> None:
    """Every few minutes, on all days: mails about clocks of serious events that are near or past."""
    with seeing_everything():
        reminders.sweep(timezone.now())
        reminders.MAIL.drain()
