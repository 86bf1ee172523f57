"""Background tasks. Each may be delivered twice, or late: the log decides what is to be done."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from itp_trial.models import RoleAssignment, User
from itp_trial.signals import rights_ended

#: Runs that did not take place are made up for.
LOOK_BACK = timedelta(days=7)


@shared_task
def end_sessions_of_leavers() -> None:
    """Every night: whose last entry ran out by its date loses their sessions (the rights ended with the day)."""
    today = timezone.localdate()
    left = User.objects.filter(assignments__ends__gte=today - LOOK_BACK, assignments__ends__lt=today).distinct()
    for user in left.exclude(pk__in=RoleAssignment.objects.on(today).values("user")):
        rights_ended.send(sender=RoleAssignment, user=user)
