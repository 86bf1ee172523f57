"""How a file is made: one at a time for each person, and from one moment of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from rest_framework import status
from rest_framework.exceptions import APIException

from itp_trial.web import error_page

ADVISORY_LOCK = 0x17C


class AlreadyRunning(APIException):
    """This person's last file is still being made. ``wait`` becomes ``Retry-After``."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = "Your last file is still being made. Please ask for the next one when it has arrived."
    default_code = "already_running"
    wait = 10


@contextmanager
def only_one(user: Any) -> Iterator[None]:
    """Files cost more than pages: a person gets one after the other, and everybody else can work meanwhile.

    The lock belongs to the connection, not to a transaction, because printing takes long; it goes with the connection.
    """
    key = [ADVISORY_LOCK, user.pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
        except DatabaseError:
            connection.close()


def one_file_at_a_time(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For pages; the API's own answers come from the exception."""

    @wraps(view)
    def alone(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with only_one(request.user):
                return view(request, *args, **kwargs)
        except AlreadyRunning as busy:
            answer = error_page(request, busy.status_code, "One file at a time", str(busy.detail))
            answer.headers["Retry-After"] = str(busy.wait)
            return answer

    return alone


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything that is read inside is of one moment, whatever is saved meanwhile. Nothing can be written."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
