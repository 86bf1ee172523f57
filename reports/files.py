"""Which tables are exported as files of their own: every form, and every kind of repeating row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from casebook.crf import Crf, Sheet, crf_models
from itp_trial.permissions import Access
from itp_trial.roles import Can


@dataclass(frozen=True)
class FormFile:
    """One exported table: a form, or the repeating rows of a form."""

    slug: str
    title: str
    model: type[Sheet]
    crf: type[Crf]

    @property
    def is_rows(self) -> bool:
        return self.model is not self.crf

    @property
    def to_record(self) -> str:
        """The way from a row of this table to its form record."""
        return "crf__record" if self.is_rows else "record"

    def rows(self, access: Access) -> Any:
        """The stored rows of the sites where this person may export. The one place that scopes a file."""
        return access.scope(Can.EXPORT, self.model.objects.all(), f"{self.to_record}__site")


def form_files() -> list[FormFile]:
    """All files, each form followed by its rows."""
    return [file for crf in crf_models() for file in _files_of(crf)]


def _files_of(crf: type[Crf]) -> list[FormFile]:
    rows = [FormFile(f"{crf.slug}-{row.slug}", f"{crf.title()}: {row.legend.lower()}", row, crf) for row in crf.row_models]
    return [FormFile(crf.slug, crf.title(), crf, crf), *rows]


def file_by_slug(slug: str) -> FormFile:
    """Raises ``LookupError`` where no file is called so."""
    for file in form_files():
        if file.slug == slug:
            return file
    raise LookupError(slug)
