"""``manage.py create_demo``: fills an empty database with the demonstration."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from demo.people import ACCOUNTS, PASSWORD
from demo.trial import build
from itp_trial.models import User
from itp_trial.scope import seeing_everything


class Command(BaseCommand):
    help = "Fills an empty database with three hospitals and twenty synthetic children, and prints the accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not a demonstration (ITP_DEMO is not set), so no synthetic children are created.")
        if User.objects.exists():
            self.stdout.write("The database already holds a trial: nothing created.")
        else:
            with seeing_everything(), transaction.atomic(), connection.cursor() as cursor:
                # All of it is one transaction: statistics that the server takes meanwhile say that its tables are empty, and
                # a plan that trusts them reads the tables again for every row.
                cursor.execute("SET LOCAL enable_seqscan = off")
                build(timezone.localdate())
        if _holds_the_demonstration():
            self._print_accounts()

    def _print_accounts(self) -> None:
        lines = [("User name", "Role", "Site", "Password")]
        lines += [(account.username, account.role.label, account.place, PASSWORD) for account in ACCOUNTS]
        for username, role, place, password in lines:
            self.stdout.write(f"  {username:<10} {role:<18} {place:<12} {password}".rstrip())
        self.stdout.write("  Where a second factor is asked for, the page shows the code that the telephone would show.")


def _holds_the_demonstration() -> bool:
    """True where every account is one of the cast: the password is never shown beside real people's accounts."""
    emails = {f"{account.username}@example.org" for account in ACCOUNTS}
    return set(User.objects.values_list("email", flat=True)) == emails
