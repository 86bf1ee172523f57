"""Is the trail whole, and does it explain every stored value? ``manage.py verify_audit`` asks daily.

Three questions, none of which trusts the database's own functions:

1. Each chain: no place missing, each entry bound to the one before, each hash and content digest as computed here.
2. Each audited row equals what its entries add up to, so a value that was changed behind the trail is found, also where
   triggers were switched off meanwhile or the newest entries were cut away.
3. Each anchored head (``itp_trial/anchors.py``, kept outside the database) still stands in its chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connections, models, transaction

from itp_trial import anchors, witness
from itp_trial.audit import HIDDEN, audited_models, missing_guards, missing_triggers

#: Entries written before there were chains stand in this one; they are replayed but bound to nothing.
UNCHAINED = "unchained"
BATCH = 2000


@dataclass(frozen=True)
class Broken:
    """One place where the trail or the data were tampered with: the row is named."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Report:
    """What was looked at and what is wrong with it."""

    entries: int = 0
    heads: dict[str, anchors.Head] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """One hash over all heads: what is printed, mailed and compared."""
        return anchors.digest(self.heads)


#: What the apps verify besides the trail, on the database of the given alias.
further: list[Callable[[str], Iterable[Broken]]] = []


def verify(using: str = "default", chains: Iterable[str] | None = None) -> Report:
    """Walks the chains; without ``chains`` all of them, then also compares rows, anchors and triggers.

    The caller opens the sites (``scope.seeing_everything``): what is not seen is not verified.
    """
    report = Report()
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        cursor.execute("SET LOCAL statement_timeout = 0")
        _walk(cursor, report, None if chains is None else list(chains), _redacted(cursor))
        if chains is None:
            report.broken += [Broken(table, "its audit trigger is missing or switched off") for table in missing_triggers(using)]
            report.broken += [Broken(name, "this trigger is missing or switched off") for name in missing_guards(using)]
            for model in audited_models():
                report.broken += _differences(cursor, model)
            report.broken += _cut_off(cursor)
            report.broken += [broken for check in further for broken in check(using)]
    return report


def _redacted(cursor: Any) -> dict[int, str]:
    """The entries whose values were redacted by two persons, and the digest of what is left in each."""
    cursor.execute("SELECT entries FROM itp_trial_redaction WHERE granted ORDER BY id")
    return {int(pk): left for (entries,) in cursor.fetchall() for pk, left in _read(entries).items()}


def _read(stored: Any) -> dict[str, str]:
    found: dict[str, str] = json.loads(stored) if isinstance(stored, str) else stored
    return found


# --- 1. the chains -----------------------------------------------------------------------------------------------------

_WALK = """SELECT id, chain, place, previous, hash, content, salt::text, old::text, new::text, at, table_name, "row",
    (to_jsonb(e) - ARRAY['old', 'new', 'salt', 'hash'])::text,
    ARRAY[actor_id, actor_name, reason_code, reason, request_id], witness
    FROM itp_trial_auditentry e {where} ORDER BY chain, place"""


def _walk(cursor: Any, report: Report, chains: list[str] | None, redacted: Mapping[int, str]) -> None:
    cursor.execute(_WALK.format(where="" if chains is None else "WHERE chain = ANY(%s)"), [chains] if chains is not None else [])
    last: Any = None
    while rows := cursor.fetchmany(BATCH):
        for row in rows:
            entry = _Entry(*row)
            before = last if last and last.chain == entry.chain else None
            report.entries += 1
            report.heads[entry.chain] = anchors.Head(entry.place, entry.hash)
            if entry.chain != UNCHAINED:
                report.broken += [Broken(entry.where, what) for what in _wrong(entry, before, redacted)]
            last = entry


@dataclass(frozen=True)
class _Entry:
    id: int
    chain: str
    place: int
    previous: str
    hash: str
    content: str
    salt: str | None
    old: str | None
    new: str | None
    at: Any
    table: str
    row: str
    bound: str
    said: list[str]
    witness: str

    @property
    def where(self) -> str:
        return f"entry {self.id} (chain {self.chain}, place {self.place}: {self.table} {self.row})"


def _wrong(entry: _Entry, before: _Entry | None, redacted: Mapping[int, str]) -> Iterator[str]:
    place, hash_before = (before.place, before.hash) if before else (0, "")
    if entry.place != place + 1:
        yield f"the entries between place {place} and this one are missing"
    elif entry.previous != hash_before:
        yield "it does not hold the hash of the entry before"
    if _sha256(entry.bound) != entry.hash:
        yield "its hash does not fit what it says: somebody changed it"
    if entry.salt is None and entry.id not in redacted:
        yield "its values were taken out without a redaction by two persons"
    elif entry.salt is None and _sha256(f"{entry.old or ''}|{entry.new or ''}") != redacted[entry.id]:
        yield "its values are not those that the redaction left: somebody changed them"
    elif entry.salt is not None and _content(entry) != entry.content:
        yield "its values are not those that were written: somebody changed them"
    if not witness.holds(entry.witness, entry.at, *entry.said):
        yield "the application did not write it: its actor is forged"
    if before and entry.at < before.at:
        yield "the server's clock went back: it is earlier than the entry before"


def _content(entry: _Entry) -> str:
    return _sha256("|".join(part for part in (entry.salt, entry.old or "", entry.new or "") if part is not None))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- 2. the rows -------------------------------------------------------------------------------------------------------

REPLAY = (Path(__file__).with_name("sql") / "replay.sql").read_text()


def _differences(cursor: Any, model: type[models.Model]) -> list[Broken]:
    table = model._meta.db_table
    cursor.execute(REPLAY.format(table=f'"{table}"'), {"table": table, "hidden": HIDDEN})
    return [Broken(f"{table} {row}", _said(untold, gone, wrong)) for row, untold, gone, wrong in cursor.fetchall()]


def _said(untold: bool, gone: bool, wrong: str) -> str:
    if untold:
        return "the row has no entry in the trail: it was written behind it"
    if gone:
        return "the row of these entries is gone: it was deleted behind the trail"
    return f"its value was changed behind the trail ({wrong})"


# --- 3. the anchors ----------------------------------------------------------------------------------------------------


def _cut_off(cursor: Any) -> Iterator[Broken]:
    """Heads that were anchored and no longer stand in their chain."""
    for day, heads in anchors.kept():
        cursor.execute(
            "SELECT h.chain, h.place, e.hash FROM unnest(%s::text[], %s::bigint[]) AS h (chain, place)"
            " LEFT JOIN itp_trial_auditentry e ON e.chain = h.chain AND e.place = h.place",
            [list(heads), [head.place for head in heads.values()]],
        )
        for chain, place, found in cursor.fetchall():
            if found != heads[chain].hash:
                what = "was removed" if found is None else "is another one now"
                yield Broken(f"chain {chain}, place {place}", f"the entry that was anchored on {day} {what}")
