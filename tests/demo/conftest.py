"""The demonstration in a transaction of its own, once for the tests of one module; the others keep their universe."""

import pytest
from django.db import transaction
from django.utils import timezone

from demo.trial import build
from tests.conftest import empty_the_database
from tests.universe import build_universe


@pytest.fixture(scope="module")
def demonstration(django_db_setup, django_db_blocker):
    """The twenty children by key. Afterwards the universe is there again: a test that misses it builds it by itself."""
    today = timezone.localdate()
    with django_db_blocker.unblock():
        empty_the_database()
        with transaction.atomic():
            yield build(today)
            transaction.set_rollback(True)
        build_universe(today)
