"""Once a day: rows that mean nothing any more go."""

from celery import shared_task
from django.utils import timezone

from accounts.models import Attempts
from accounts.sessions import SessionStore


@shared_task
def tidy() -> None:
    SessionStore.clear_expired()
    Attempts.objects.filter(until__lt=timezone.now()).delete()
