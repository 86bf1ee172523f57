"""Background tasks of the classification."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def reclassify() -> None:
    """Every morning: a state may change with the days alone, and lists and exports read the stored summaries."""
    call_command("reclassify", verbosity=0)
