"""The demonstration in a transaction of its own, once for the tests of one module; the others keep their universe."""

import pytest
from django.db import transaction
from django.utils import timezone

from demo.trial import build
from tests.database import empty_the_database, put_the_universe_back


@pytest.fixture(scope="module")
def demonstration(django_db_setup, django_db_blocker):
    """The twenty children by key."""
    with django_db_blocker.unblock():
        empty_the_database()
        with transaction.atomic():
            yield build(timezone.localdate())
            transaction.set_rollback(True)
        put_the_universe_back()
