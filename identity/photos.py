"""Photos of sources (slips, letters): made small, kept sealed beside a question, taken away, erased by two persons."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.utils import timezone
from PIL import Image, ImageFile, ImageOps

from casebook.comments import add_comment
from casebook.models import Comment, FormRecord
from identity.models import SourcePhoto
from itp_trial.actor import acting
from itp_trial.models import User
from itp_trial.refusal import Refused

#: What telephones and browsers send. Nothing else is opened, whatever its name says.
FORMATS = ("JPEG", "PNG", "WEBP")
LARGEST_SIDE_PX = 1600
#: As many as telephones take, and as many as are unfolded (a JPEG is read at a fraction of its size).
MOST_PIXELS, MOST_UNFOLDED = 60_000_000, 20_000_000
QUALITY = 70
MOST_PHOTOS = 20
CAPTION = "Photo of the source"


@dataclass(frozen=True)
class Picture:
    """A JPEG in grey, upright, at most ``LARGEST_SIDE_PX`` long, without place, time or device in it."""

    jpeg: bytes
    width: int
    height: int


def made_small(raw: bytes) -> Picture:
    """The picture that is kept of what somebody sent.

    :raises Refused: it is no photo that can be read
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint, where it was imported, lets half pictures pass
    try:
        with Image.open(BytesIO(raw), formats=FORMATS) as sent:
            _refuse_too_many(sent, MOST_PIXELS)
            sent.draft("L", (LARGEST_SIDE_PX, LARGEST_SIDE_PX))
            _refuse_too_many(sent, MOST_UNFOLDED)
            upright = _grey(ImageOps.exif_transpose(sent))
    except Refused:
        raise
    except Exception as error:  # whatever the decoders make of what somebody sent
        raise Refused("This is no photo that can be read. JPEG, PNG and WebP can be.") from error
    upright.thumbnail((LARGEST_SIDE_PX, LARGEST_SIDE_PX))
    # Made of its points alone: whatever else stood in the file stays behind.
    bare, out = Image.frombytes("L", upright.size, upright.tobytes()), BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), *bare.size)


def _grey(picture: Image.Image) -> Image.Image:
    """What is transparent lies on white paper; 16 bits become 8."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        return paper.convert("L")
    return picture.convert("L")


def _refuse_too_many(sent: Image.Image, most: int) -> None:
    if sent.width * sent.height > most:
        raise Refused(f"This photo has more than {most // 10**6} million pixels: please take a smaller one.")


def keep_photo(*, record: FormRecord, item: str, line: str = "", caption: str = "", raw: bytes, name_covered: bool,
               by: User) -> SourcePhoto:  # fmt: skip
    """Keeps a photo beside a question, as a comment with a picture.

    :param name_covered: the person says that no name is to be seen on it
    :raises LookupError: there is no such question or line
    :raises Refused: it is no photo, a name may be on it, there are too many, or the form takes no comment now
    """
    if not raw:
        raise Refused("Please choose a photo.")
    if not name_covered:
        raise Refused("Please cover the name, take the photo again if need be, and tick that no name is to be seen.")
    picture = made_small(raw)
    with acting(by):
        said = add_comment(record=record, item=item, line=line, text=caption.strip() or CAPTION, kind=Comment.Kind.PHOTO, by=by)
        if record.photos.count() >= MOST_PHOTOS:  # the participant is locked: nobody adds one meanwhile
            raise Refused(f"This form has {MOST_PHOTOS} photos already.")
        photo = SourcePhoto(id=said.pk, comment=said, record=record, width=picture.width, height=picture.height)
        photo.lock_away(picture.jpeg)
        photo.save(force_insert=True)
    return photo


def take_away(*, photo: SourcePhoto, reason: str, by: User) -> None:
    """Nobody sees the picture any more; it can be put back."""
    if not reason.strip():
        raise Refused("Please say why the photo is taken away.")
    with acting(by, reason.strip()):
        photo = _locked(photo)
        if photo.removed_at:
            raise Refused("This photo was taken away already.")
        photo.removed_at, photo.removed_by, photo.removed_why = timezone.now(), by, reason.strip()[:500]
        photo.save(update_fields=["removed_at", "removed_by", "removed_why"])


def put_back(*, photo: SourcePhoto, reason: str, by: User) -> None:
    """The picture is seen again."""
    if not reason.strip():
        raise Refused("Please say why the photo is put back.")
    with acting(by, reason.strip()):
        photo = _taken_away(photo)
        photo.removed_at, photo.removed_by, photo.removed_why = None, None, ""
        photo.save(update_fields=["removed_at", "removed_by", "removed_why"])


def erase(*, photo: SourcePhoto, by: User) -> None:
    """The picture is gone for good (a name was on it). Needs a second person: not the one who took it away (RQ-14)."""
    with acting(by, "Picture erased: it was taken away by another person before"):
        photo = _taken_away(photo)
        if photo.removed_by_id == by.pk:
            raise Refused("Erasing needs two persons: somebody else took it away, you erase it, or the other way round.")
        photo.sealed, photo.erased_at, photo.erased_by = b"", timezone.now(), by
        photo.save(update_fields=["sealed", "erased_at", "erased_by"])


def _taken_away(photo: SourcePhoto) -> SourcePhoto:
    photo = _locked(photo)
    if photo.erased_at:
        raise Refused("This picture was erased.")
    if not photo.removed_at:
        raise Refused("This photo was not taken away.")
    return photo


def _locked(photo: SourcePhoto) -> Any:
    return SourcePhoto.objects.select_for_update().get(pk=photo.pk)
