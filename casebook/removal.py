"""Taking an entry out of the casebook that was made by mistake, and putting it back. Nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from casebook import actions
from casebook.doors import record_of, right_to_edit
from itp_trial.permissions import allow
from itp_trial.web import act_once, posted


@require_POST
def remove(request: HttpRequest, pk: Any) -> HttpResponse:
    return _do(request, pk, actions.remove_record, "was removed. It can be put back here.")


@require_POST
def restore(request: HttpRequest, pk: Any) -> HttpResponse:
    return _do(request, pk, actions.restore_record, "was put back.")


def _do(request: HttpRequest, pk: Any, act: Callable[..., Any], done: str) -> HttpResponse:
    record = record_of(request, pk)
    allow(request, right_to_edit(record), record.site_id)
    url = reverse("record", args=[pk])

    def action() -> str:
        act(record=record, reason=posted(request).get("reason", ""), by=request.user)
        messages.success(request, f"{record.title} {done}")
        return url

    return act_once(request, action, back=url)
