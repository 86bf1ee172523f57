"""Photos of sources: small, sealed, seen by the hospital and the monitor, each look noted, erased only by two persons."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image, ImageFile

from casebook.locks import freeze
from casebook.models import Comment, FormRecord
from identity import photos
from identity.models import SourcePhoto
from identity.photos import erase, keep_photo, made_small, put_back, take_away
from itp_trial.actor import acting
from itp_trial.models import AccessEntry, AuditEntry
from itp_trial.refusal import Refused
from itp_trial.verification import verify

FRAGMENT = {"X-Fragment": "1"}


def photo_file(size: tuple[int, int] = (120, 80), kind: str = "JPEG", **said: Any) -> bytes:
    """What a telephone sends: white at the left, black at the right."""
    picture, out = Image.new("RGB", size, "white"), BytesIO()
    picture.paste("black", (size[0] // 2, 0, *size))
    picture.save(out, kind, **said)
    return out.getvalue()


def kept(record: FormRecord, by: Any, item: str = "platelets") -> SourcePhoto:
    return keep_photo(record=record, item=item, raw=photo_file(), name_covered=True, by=by)


# --- the picture itself, without a database ---------------------------------------------------------------------------


def camera() -> Image.Exif:
    """Turned by the camera, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Telephone of a nurse"
    exif.get_ifd(0x8825)[1] = "N"
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_is_a_grey_jpeg_of_the_same_points(kind: str) -> None:
    made = made_small(photo_file(kind=kind))
    opened = Image.open(BytesIO(made.jpeg))
    assert (opened.format, opened.mode, opened.size, (made.width, made.height)) == ("JPEG", "L", (120, 80), (120, 80))
    assert opened.getpixel((5, 40)) > 250
    assert opened.getpixel((115, 40)) < 5


def drawn(mode: str, paper: Any, ink: Any) -> bytes:
    """A page of which the right half is ink."""
    page, out = Image.new(mode, (40, 20), paper), BytesIO()
    page.paste(ink, (20, 0, 40, 20))
    page.save(out, "PNG")
    return out.getvalue()


ODD = {
    "16 bits": (drawn("I;16", 0xFFFF, 0x0707), 7), "black on nothing": (drawn("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)), 0),
    "grey on nothing": (drawn("LA", (0, 0), (90, 255)), 90), "two colours": (drawn("1", 1, 0), 0),
    "ink for printers": (photo_file(kind="JPEG"), 0),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "ink"), ODD.values(), ids=ODD)
def test_paper_is_white_and_ink_is_dark_whatever_the_points_are(raw: bytes, ink: int) -> None:
    opened = Image.open(BytesIO(made_small(raw).jpeg))
    assert opened.getpixel((2, 10)) > 245
    assert abs(opened.getpixel((opened.width - 2, 10)) - ink) < 8


@pytest.mark.row("W9")
@pytest.mark.parametrize("at", range(20, 200, 3))
def test_a_broken_photo_is_kept_or_refused_and_never_an_error(at: int) -> None:
    raw = bytearray(photo_file(exif=camera()))
    raw[at] ^= 0xFF
    with suppress(Refused):
        made_small(bytes(raw))


@pytest.mark.row("W9")
def test_nothing_of_the_camera_stays_and_it_stands_upright() -> None:
    made = made_small(photo_file(exif=camera(), comment=b"Sara, ward 3", icc_profile=b"profile"))
    opened = Image.open(BytesIO(made.jpeg))
    assert opened.size == (80, 120), "turned as the camera was held"
    assert not opened.getexif()
    assert not {"comment", "icc_profile", "exif"} & set(opened.info)
    for word in (b"Telephone", b"Sara", b"profile"):
        assert word not in made.jpeg


def test_a_large_one_is_made_small() -> None:
    made = made_small(photo_file((4000, 3000)))
    assert (made.width, made.height) == (1600, 1200)
    assert len(made.jpeg) < 300_000


#: What it calls itself, and what is in it.
NO_PHOTOS = {
    "a page that calls itself a picture": b"<html><script>evil()</script>", "a drawing with a script": b"<svg onload='evil()'/>",
    "a bomb": b"PK\x03\x04" + b"\x00" * 10_000, "a program": b"import os", "nothing": b"\x00",
    "a photo that was cut off": photo_file((600, 400))[:900], "an animation": photo_file(kind="GIF"),
    "a document": b"%PDF-1.7", "a postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}  # fmt: skip


@pytest.mark.row("W9")
@pytest.mark.parametrize("raw", NO_PHOTOS.values(), ids=NO_PHOTOS)
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    """Also where the printer of PDFs, which lets half pictures pass, was imported before."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(Refused, match="This is no photo that can be read"):
        made_small(raw)


@pytest.mark.row("W9")
@pytest.mark.parametrize(("limit", "kind"), [("MOST_PIXELS", "JPEG"), ("MOST_UNFOLDED", "PNG")])
def test_a_file_that_unfolds_to_too_much_is_refused_before_it_does(
    monkeypatch: pytest.MonkeyPatch, limit: str, kind: str
) -> None:
    monkeypatch.setattr(photos, limit, 1_000_000)
    with pytest.raises(Refused, match="more than 1 million pixels"):
        made_small(photo_file((1001, 1000), kind=kind))


def test_a_large_jpeg_is_read_at_a_fraction_of_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MOST_UNFOLDED", 6_000_000)
    assert made_small(photo_file((6400, 3200))).width == 1600


# --- beside a question ------------------------------------------------------------------------------------------------


@pytest.fixture
def count(universe: Any) -> FormRecord:
    return universe.record(universe.responder, "blood-count", "LOAD")


def sent(**more: Any) -> dict[str, Any]:
    return {"photo": SimpleUploadedFile("../../IMG_1.svg", photo_file(), "image/svg+xml"), "name_covered": "Y", **more}


@pytest.mark.django_db
def test_it_is_kept_sealed_and_seen_by_hospital_and_monitor(universe: Any, count: FormRecord, client_of: Any) -> None:
    add = reverse("add-photo", args=[count.pk, "platelets"])
    answer = client_of(universe.clara).post(add, sent(text="CBC slip"), headers=FRAGMENT, follow=True)
    photo = SourcePhoto.objects.get()
    assert reverse("source-photo", args=[photo.pk]) in answer.content.decode()
    assert (photo.comment.text, photo.comment.kind, photo.comment.item) == ("CBC slip", "photo", "platelets")
    assert b"\xff\xd8" not in bytes(photo.sealed)[:200], "sealed: no JPEG begins here"
    page = client_of(universe.milo).get(reverse("source-photo", args=[photo.pk])).content.decode()
    assert "In the form now: <strong>12 ×10⁹/L</strong>" in page, "to be compared with the picture"
    people = {universe.milo: 200, universe.hana: 200, universe.dana: 403, universe.pia: 403, universe.otto: 404}
    for who, status in people.items():
        seen = client_of(who).get(reverse("photo-picture", args=[photo.pk]))
        assert seen.status_code == status, who
    seen = client_of(universe.milo).get(reverse("photo-picture", args=[photo.pk]))
    assert hashlib.sha256(seen.content).hexdigest() == photo.sha256
    assert (seen["Content-Type"], seen["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert seen["Content-Disposition"] == f'attachment; filename="source-{photo.pk}.jpg"'
    looks = AccessEntry.objects.filter(what="Photo of the source of Blood count, Loading dose", participant=count.participant_id)
    assert sorted(set(looks.values_list("user__username", flat=True))) == ["hana", "milo"]
    assert "seen by the hospital and the monitor only" in client_of(universe.dana).get(
        reverse("source-photo", args=[photo.pk])).content.decode()  # fmt: skip


@pytest.mark.django_db
def test_the_trail_says_who_and_which_and_holds_no_picture(universe: Any, count: FormRecord) -> None:
    photo = kept(count, universe.clara)
    entry = AuditEntry.objects.get(table_name="identity_sourcephoto")
    assert (entry.actor_name, entry.participant) == ("Clara Naguib (clara)", count.participant_id)
    assert entry.new["sha256"] == photo.sha256
    assert "sealed" not in entry.new


@pytest.mark.django_db
@pytest.mark.requirement("RQ-08")
def test_the_trail_tells_the_photos_of_one_form_apart(universe: Any, count: FormRecord) -> None:
    first, second = kept(count, universe.clara), kept(count, universe.clara)
    take_away(photo=second, reason="Twice the same", by=universe.clara)
    rows = AuditEntry.objects.filter(table_name="identity_sourcephoto").values_list("operation", "row")
    assert sorted(rows) == sorted([("INSERT", str(first.pk)), ("INSERT", str(second.pk)), ("UPDATE", str(second.pk))])
    assert [str(broken) for broken in verify().broken] == []


@pytest.mark.django_db
def test_the_same_key_with_another_photo_is_another_form(universe: Any, count: FormRecord, client_of: Any) -> None:
    add, client = reverse("add-photo", args=[count.pk, "platelets"]), client_of(universe.clara)
    other = SimpleUploadedFile("b.jpg", photo_file((50, 50)), "image/jpeg")
    answers = [client.post(add, sent(**{"idempotency-key": "k", **more})).status_code for more in ({}, {}, {"photo": other})]
    assert (answers, SourcePhoto.objects.count()) == ([302, 302, 409], 1)


REFUSED = {
    "no file": ({"photo": ""}, "Please choose a photo."),
    "a name may be on it": ({"name_covered": ""}, "tick that no name is to be seen"),
    "no photo": ({"photo": SimpleUploadedFile("x.jpg", b"<svg/>", "image/jpeg")}, "This is no photo that can be read."),
    "a long caption": ({"text": "x" * 501}, "at most 500 characters"),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_kept_is_said_at_the_photo(
    universe: Any, count: FormRecord, client_of: Any, change: dict[str, Any], why: str
) -> None:
    answer = client_of(universe.clara).post(reverse("add-photo", args=[count.pk, "platelets"]), sent(**change), headers=FRAGMENT)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not Comment.objects.exists()


@pytest.mark.django_db
@pytest.mark.row("W9")
def test_more_than_a_photo_is_refused_unread(universe: Any, count: FormRecord, client_of: Any) -> None:
    add, client = reverse("add-photo", args=[count.pk, "platelets"]), client_of(universe.clara)
    assert client.post(add, sent(), CONTENT_LENGTH=2**31).status_code in (400, 413)
    two = SimpleUploadedFile("b.jpg", photo_file(), "image/jpeg")
    assert client.post(add, sent(other=two)).status_code == 400
    assert not SourcePhoto.objects.exists()


@pytest.mark.django_db
def test_a_form_has_room_for_some_photos_and_a_closed_one_for_none(
    universe: Any, count: FormRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "MOST_PHOTOS", 1)
    kept(count, universe.clara)
    with pytest.raises(Refused, match="has 1 photos already"):
        kept(count, universe.clara)
    other = universe.record(universe.responder, "blood-count", "D3")
    freeze(target=other, reason="Cleaned", by=universe.dana)
    with pytest.raises(Refused, match="frozen"):
        kept(other, universe.clara)


# --- taken away, put back, erased -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_taken_away_nobody_sees_it_and_it_can_be_put_back(universe: Any, count: FormRecord, client_of: Any) -> None:
    photo, clara = kept(count, universe.clara), client_of(universe.clara)
    picture = reverse("photo-picture", args=[photo.pk])
    clara.post(reverse("take-away-photo", args=[photo.pk]), {"reason": "Of another child"})
    assert clara.get(picture).status_code == 404
    assert "Of another child" in clara.get(reverse("source-photo", args=[photo.pk])).content.decode()
    clara.post(reverse("put-back-photo", args=[photo.pk]), {"reason": "It was this child"})
    assert clara.get(picture).status_code == 200


@pytest.mark.django_db
@pytest.mark.requirement("RQ-14")
def test_erasing_takes_two_persons_and_leaves_nothing(universe: Any, count: FormRecord, client_of: Any) -> None:
    photo, dana = kept(count, universe.clara), client_of(universe.dana)
    address = reverse("erase-photo", args=[photo.pk])
    with pytest.raises(Refused, match="was not taken away"):
        erase(photo=photo, by=universe.dana)
    take_away(photo=photo, reason="A name is on it", by=universe.clara)
    with pytest.raises(Refused, match="needs two persons"):
        erase(photo=photo, by=universe.clara)
    dana.post(address)
    photo.refresh_from_db()
    assert (bytes(photo.sealed), photo.erased_by) == (b"", universe.dana)
    assert "was erased" in dana.get(reverse("source-photo", args=[photo.pk])).content.decode()
    for act in (lambda: erase(photo=photo, by=universe.hana), lambda: put_back(photo=photo, reason="x", by=universe.clara)):
        with pytest.raises(Refused, match="was erased"):
            act()


@pytest.mark.django_db
def test_the_database_asks_for_the_second_person_too(universe: Any, count: FormRecord) -> None:
    photo = kept(count, universe.clara)
    take_away(photo=photo, reason="A name is on it", by=universe.clara)
    photo.refresh_from_db()
    for wrong in ({"erased_by": universe.clara}, {"removed_why": ""}):
        with pytest.raises(IntegrityError), acting(universe.clara, "x"), transaction.atomic():
            SourcePhoto.objects.filter(pk=photo.pk).update(erased_at=photo.removed_at, **wrong)


REASONLESS = {"take away": (take_away, "taken away"), "put back": (put_back, "put back")}


@pytest.mark.django_db
@pytest.mark.parametrize(("act", "words"), REASONLESS.values(), ids=REASONLESS)
def test_nothing_without_a_reason_and_nothing_twice(universe: Any, count: FormRecord, act: Any, words: str) -> None:
    photo = kept(count, universe.clara)
    with pytest.raises(Refused, match=f"why the photo is {words}"):
        act(photo=photo, reason=" ", by=universe.clara)
    if act is take_away:
        take_away(photo=photo, reason="x", by=universe.clara)
    with pytest.raises(Refused, match=r"was (not )?taken away"):
        act(photo=photo, reason="x", by=universe.clara)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_new_key_seals_photos_anew(universe: Any, count: FormRecord, settings: Any) -> None:
    photo = kept(count, universe.clara)
    before, picture = bytes(photo.sealed), photo.picture()
    settings.IDENTITY_KEYS = [Fernet.generate_key().decode(), *settings.IDENTITY_KEYS]
    call_command("rotate_identity_key", verbosity=0)
    settings.IDENTITY_KEYS = settings.IDENTITY_KEYS[:1]
    photo.refresh_from_db()
    assert bytes(photo.sealed) != before
    assert photo.picture() == picture


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["moved", "replaced", "no key"])
def test_what_is_not_the_picture_that_was_kept_does_not_open(
    universe: Any, count: FormRecord, client_of: Any, settings: Any, fault: str
) -> None:
    photo = kept(count, universe.clara)
    other = keep_photo(record=count, item="haemoglobin", raw=photo_file((50, 50)), name_covered=True, by=universe.clara)
    with acting(universe.clara, "x"):
        if fault == "moved":
            SourcePhoto.objects.filter(pk=photo.pk).update(sealed=other.sealed)
        elif fault == "replaced":
            sha = photo.sha256
            photo.lock_away(other.picture())
            SourcePhoto.objects.filter(pk=photo.pk).update(sealed=photo.sealed, sha256=sha)
        else:
            settings.IDENTITY_KEYS = [Fernet.generate_key().decode()]
    answer = client_of(universe.clara).get(reverse("photo-picture", args=[photo.pk]))
    assert answer.status_code == 500
    assert "The photo does not open" in answer.content.decode()
