"""Background tasks. Each may be delivered twice, or late: the tables decide what is to be done."""

from celery import shared_task
from django.utils import timezone

from casebook import reminders
from itp_trial.scope import seeing_everything


@shared_task
def send_visit_digests() -> None:
    """Every morning: writes down which visits are due or overdue, and sends the digests."""
    with seeing_everything():
        reminders.sweep(timezone.localdate())
        reminders.drain()


@shared_task
def drain_outbox() -> None:
    """Every minute: sends what still waits."""
    with seeing_everything():
        reminders.drain()
