"""Background tasks of the trail."""

from celery import shared_task

from itp_trial.checking import anchor, verify_and_remember


@shared_task
def verify_and_anchor() -> None:
    """Every night: the trail is verified, its heads are kept outside the database and mailed."""
    anchor(verify_and_remember())
