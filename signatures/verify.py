"""The public page: does the code that is printed beside a signature belong to one that still stands?

It needs no account, tells no clinical data and no child's number, and is counted, so that nobody tries codes.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts import throttle
from itp_trial.refusal import TooOften
from itp_trial.scope import seeing_everything
from itp_trial.web import too_often
from signatures import seal
from signatures.models import Signature
from signatures.recheck import is_unchanged

OF_CODES = throttle.Limit("codes of signatures, this address", 30, 5 * 60)


@login_not_required
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Reading shows the field (a printed link fills it in); only a posted code is looked up, and counted."""
    if request.method == "GET":
        return _answer(request, {"typed": request.GET.get("code", "")[:40]})
    try:
        throttle.count(OF_CODES, throttle.network_of(request))
    except TooOften as refusal:
        return too_often(request, refusal)
    typed = request.POST.get("code", "")[:40]
    with seeing_everything():
        found = Signature.objects.filter(code=seal.typed(typed)).first()
        result = "unknown" if found is None else "unchanged" if is_unchanged(found) else "superseded"
    return _answer(request, {"typed": typed, "found": found, "result": result})


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "signatures/verify.html", context)
