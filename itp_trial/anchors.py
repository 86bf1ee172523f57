"""The heads of the trail, written down outside the database once a day.

Whoever rules the database could cut the newest entries of a chain and leave no trace inside it. The anchor is a small file
under ``ITP_VAR_DIR/anchors`` and a mail to the data managers and the sponsor; ``verify_audit`` compares every kept anchor.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Head:
    """The newest entry of a chain."""

    place: int
    hash: str


def digest(heads: Mapping[str, Head]) -> str:
    """One SHA-256 over the heads of all chains, in the order of their names."""
    lines = (f"{chain} {head.place} {head.hash}" for chain, head in sorted(heads.items()))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def folder() -> Path:
    return Path(settings.VAR_DIR) / "anchors"


def keep(heads: Mapping[str, Head], at: datetime) -> Path:
    """Writes one anchor; it appears under its name only when it is complete, and never replaces another."""
    place = folder()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / f"{at:%Y-%m-%dT%H%M%SZ}.json"
    content = {"at": at.isoformat(), "digest": digest(heads), "heads": {c: [h.place, h.hash] for c, h in sorted(heads.items())}}
    draft = path.with_suffix(".new")
    with draft.open("w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.link(draft, path)
    draft.unlink()
    return path


def kept() -> Iterator[tuple[str, dict[str, Head]]]:
    """Every anchor, the oldest first, as (when, heads)."""
    for path in sorted(folder().glob("*.json")) if folder().exists() else []:
        content = json.loads(path.read_text())
        yield path.stem, {chain: Head(place, found) for chain, (place, found) in content["heads"].items()}
