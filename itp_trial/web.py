"""The few lines that every door shares: read a posted form once, act, redirect; or show what was wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render

from itp_trial.deadlock import once_more
from itp_trial.idempotency import KeyReused, claim, digest_of
from itp_trial.normalise import Unreadable, text
from itp_trial.refusal import Refused, TooOften


def posted(request: HttpRequest) -> dict[str, str]:
    """The posted fields as plain text, one value each."""
    return {name: str(request.POST.get(name, "")) for name in request.POST}


def number_of(raw: Any) -> int:
    """A key from a posted form; 0 (which no row has) where it is none."""
    return int(raw) if str(raw).isascii() and str(raw).isdigit() and len(str(raw)) < 10 else 0


def _refuse_unreadable(data: dict[str, str]) -> None:
    for typed in data.values():
        try:
            text(typed)
        except Unreadable as error:
            raise Refused(str(error)) from error


def act_once(request: HttpRequest, action: Callable[[], str], *, back: str,
             refused: Callable[[str], HttpResponse] | None = None) -> HttpResponse:  # fmt: skip
    """Runs an action at most once per idempotency key and redirects to the address that it returns.

    A refusal goes back to where the person was, with the reason.

    :param refused: answers a refusal instead, where what was typed has to stay on the page
    """
    data = posted(request)

    def once() -> HttpResponse:
        with transaction.atomic():
            digest = digest_of(request.get_full_path(), data | _files(request))
            taken = claim(request.user, data.get("idempotency-key", ""), digest)
            if taken.replay is not None:
                return redirect(taken.replay.get("url") or back)
            url = action()
            taken.settle({"url": url})
        return HttpResponseRedirect(url)

    try:
        _refuse_unreadable(data)
        return once_more(once)
    except TooOften as refusal:
        return too_often(request, refusal)
    except Refused as refusal:
        if refused is not None:
            return refused(str(refusal))
        messages.error(request, str(refusal))
        return redirect(back)
    except KeyReused as conflict:
        return error_page(request, 409, "This form was already sent", str(conflict))


def _files(request: HttpRequest) -> dict[str, str]:
    """What was sent as files, by its SHA-256: another file under the same key is another form."""
    found = {}
    for name, file in request.FILES.items():
        found[name] = hashlib.sha256(file.read()).hexdigest()
        file.seek(0)
    return found


def error_page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """An error page in plain words with a way on."""
    context: dict[str, Any] = {"status": status, "title": title, "text": text}
    return render(request, "error.html", context, status=status)


def too_often(request: HttpRequest, refusal: TooOften) -> HttpResponse:
    """429 with the time after which it may be tried again."""
    answer = error_page(request, 429, "Too many attempts", str(refusal))
    answer.headers["Retry-After"] = str(refusal.seconds)
    return answer
