"""The doors to photos of sources: keep one beside a question, look at it (noted), take it away, put it back, erase it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from casebook.doors import record_of, right_to_edit
from casebook.locks import place_of
from casebook.names import question, question_label
from casebook.trail_views import address_of, item_page, line_named
from identity import photos
from identity.models import SourcePhoto
from identity.vault import Unopened
from itp_trial.access_log import Kind, note
from itp_trial.permissions import access, allow, visible
from itp_trial.roles import Can
from itp_trial.web import act_once, error_page, posted

PHOTOS = SourcePhoto.objects.select_related("comment__said_by", "record__participant__site", "record__site",
                                            "record__visit__participant", "removed_by", "erased_by")  # fmt: skip


@require_POST
def add(request: HttpRequest, pk: Any, item: str) -> HttpResponse:
    """Keeps a photo beside a question; where it cannot, the page says why."""
    found = record_of(request, pk)
    allow(request, right_to_edit(found), found.site_id)
    data, line, sent = posted(request), line_named(request), request.FILES.get("photo")
    back = address_of(found, item, line)

    def action() -> str:
        try:
            photos.keep_photo(record=found, item=item, line=line, caption=data.get("text", ""), raw=sent.read() if sent else b"",
                              name_covered=data.get("name_covered") == "Y", by=request.user)  # fmt: skip
        except (LookupError, ValidationError):
            raise Http404 from None
        return back

    return act_once(request, action, back=back, refused=lambda why: item_page(request, found, item, photo_refused=why))


def _photo(request: HttpRequest, pk: Any, right: Can = Can.VIEW) -> SourcePhoto:
    found: SourcePhoto = visible(request, PHOTOS, pk, path="record__site")
    allow(request, right, found.record.site_id)
    return found


@require_GET
def photo(request: HttpRequest, pk: Any) -> HttpResponse:
    """What is known of a photo, and the picture for those who may see it."""
    found = _photo(request, pk)
    granted, site = access(request), found.record.site_id
    context = {
        "photo": found, "participant": found.record.participant, "place": place_of(found.record),
        "label": question_label(found.record.crf_class, found.comment.item), "answer": _answer(found),
        "back": address_of(found.record, found.comment.item, found.comment.line),
        "may_see": granted.may(Can.SEE_PHOTOS, site) and not found.removed_at,
        "may_change": granted.may(right_to_edit(found.record), site),
        "may_erase": granted.may(Can.GRANT_REDACTION, site) and found.removed_at and not found.erased_at,
    }  # fmt: skip
    return render(request, "identity/photo.html", context)


def _answer(found: SourcePhoto) -> str:
    """What stands in the form now, to be compared with the source."""
    try:
        sheet, item = question(found.record.crf_class, found.comment.item)
    except LookupError:  # no longer asked
        return ""
    stored = sheet.objects.filter(pk=found.comment.line or found.record_id).first()
    return str(stored.display(item)) if stored is not None else ""


@require_GET
def picture(request: HttpRequest, pk: Any) -> HttpResponse:
    """The picture itself. Every look is noted (RQ-15)."""
    found = _photo(request, pk, Can.SEE_PHOTOS)
    if found.removed_at:
        raise Http404
    try:
        jpeg = found.picture()
    except Unopened as error:
        return error_page(request, 500, "The photo does not open", str(error))
    note(Kind.VIEW, request=request, participant=found.record.participant, site=found.record.site.code,
         what=f"Photo of the source of {place_of(found.record)}")  # fmt: skip
    disposition = f'attachment; filename="source-{found.pk}.jpg"'
    return HttpResponse(jpeg, content_type="image/jpeg", headers={"Content-Disposition": disposition})


@require_POST
def take_away(request: HttpRequest, pk: Any) -> HttpResponse:
    return _change(request, pk, photos.take_away, "The photo was taken away: nobody sees it any more. It can be put back here.")


@require_POST
def put_back(request: HttpRequest, pk: Any) -> HttpResponse:
    return _change(request, pk, photos.put_back, "The photo was put back.")


def _change(request: HttpRequest, pk: Any, act: Callable[..., None], done: str) -> HttpResponse:
    found = _photo(request, pk)
    allow(request, right_to_edit(found.record), found.record.site_id)
    return _do(request, found, lambda: act(photo=found, reason=posted(request).get("reason", ""), by=request.user), done)


@require_POST
def erase(request: HttpRequest, pk: Any) -> HttpResponse:
    found = _photo(request, pk, Can.GRANT_REDACTION)
    return _do(request, found, lambda: photos.erase(photo=found, by=request.user), "The picture is erased.")


def _do(request: HttpRequest, found: SourcePhoto, act: Callable[[], None], done: str) -> HttpResponse:
    url = reverse("source-photo", args=[found.pk])

    def action() -> str:
        act()
        messages.success(request, done)
        return url

    return act_once(request, action, back=url)
