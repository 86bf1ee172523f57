"""The demonstration in a transaction of its own, once for this folder's tests; the other tests keep their universe."""

import time

import pytest
from django.db import transaction
from django.utils import timezone

from demo.trial import build
from tests.conftest import empty_the_database


@pytest.fixture(scope="module")
def demonstration(django_db_setup, django_db_blocker):
    """The twenty children by key, with ``seconds``: how long it took to build them."""
    with django_db_blocker.unblock():
        empty_the_database()
        with transaction.atomic():
            start = time.process_time()
            children = build(timezone.localdate())
            yield children, time.process_time() - start
            transaction.set_rollback(True)
