"""What was typed and not saved: kept on the server within a second, put into the form again, merged with what others saved.

A form on a page carries the answers that its reader saw (``record-base``). Whatever comes back, whenever, is compared with
them: what was changed is put into what is stored now, and where somebody else answered the same question otherwise, both
answers are shown and a person chooses. ``casebook/merging.py`` has the rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from casebook.crf import Crf
from casebook.forms import CrfForm
from casebook.items import MissingReason
from casebook.merging import MISSING_MARK, Answer, as_posted, merge
from casebook.models import Draft, FormRecord
from itp_trial.refusal import Refused

#: Room for a form with many lines and long notes; more is no typing.
LARGEST_DRAFT = 200_000
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True)
class Collision:
    """One question that somebody else answered otherwise meanwhile."""

    name: str
    label: str
    theirs: str
    yours: str
    #: The stored answer as JSON, for the page's script.
    answer: str


@dataclass
class Merge:
    """A form into which what was typed and what is stored now were put together."""

    form: CrfForm
    collisions: list[Collision] = field(default_factory=list)
    #: The answers that stand in the form and not in the database.
    drafted: set[str] = field(default_factory=set)
    #: What the next comparison starts from: what is stored; for a question in dispute still what was seen before.
    base: dict[str, Answer] = field(default_factory=dict)


# --- a posted form ---------------------------------------------------------------------------------------------------


def merged(crf: Crf, data: Mapping[str, str]) -> Merge:
    """A posted form with what others saved since it was opened. Without ``record-base`` it is taken as it is."""
    form = CrfForm(crf, data)
    stored, base = form.stored_answers(), _base_in(data)
    typed = form.typed_answers()
    if base is None:
        return Merge(form, drafted={name for name, answer in typed.items() if answer != stored[name]}, base=stored)
    result = merge(base, typed, stored)
    if form.version == form.record.version:  # a choice counts for the values that were shown with it
        result.answers.update({name: stored[name] for name in result.collisions if data.get(f"choice-{name}") == THEIRS})
        open_names = [name for name in result.collisions if data.get(f"choice-{name}") not in (MINE, THEIRS)]
    else:
        open_names = result.collisions
    if any(result.answers[name] != answer for name, answer in typed.items()) or form.version != form.record.version:
        # The reason goes along, and so does a name that the form does not know: it is refused, not forgotten.
        technical = {n: text for n, text in data.items() if n.startswith("change-reason") or n not in form.known_names()}
        form = CrfForm(crf, {**technical, "record-version": str(form.record.version), **_posted(result.answers, stored)})
    return _merge(form, stored, result.answers, open_names, base)


def _base_in(data: Mapping[str, str]) -> dict[str, Answer] | None:
    try:
        base = json.loads(data.get("record-base", ""))
    except ValueError:
        return None
    return base if isinstance(base, dict) else None


def _posted(answers: dict[str, Answer], stored: dict[str, Answer]) -> dict[str, str]:
    """As a browser would post it. A line that somebody took away meanwhile is a new one."""
    for name, answer in answers.items():
        if isinstance(answer, list):
            now = stored.get(name, [])
            known = {line["id"] for line in now if isinstance(line, dict)} if isinstance(now, list) else set()
            answers[name] = [{**line, "id": line["id"] if line["id"] in known else ""} for line in answer]
    return as_posted(answers)


def _merge(form: CrfForm, stored: dict[str, Answer], answers: dict[str, Answer], disputed: list[str],
           base: Mapping[str, Answer]) -> Merge:  # fmt: skip
    collisions = [Collision(n, _label(form, n), _shown(form, n, stored[n]), _shown(form, n, answers[n]), json.dumps(stored[n]))
                  for n in disputed]  # fmt: skip
    drafted = {name for name, answer in answers.items() if answer != stored.get(name)}
    return Merge(form, collisions, drafted, stored | {name: base.get(name, "") for name in disputed})


def _label(form: CrfForm, name: str) -> str:
    legends = {group.model.slug: group.model.legend for group in form.groups}
    return legends.get(name) or form.main.fields[name].item.label


def _shown(form: CrfForm, name: str, answer: Answer) -> str:
    """An answer as people read it."""
    if isinstance(answer, list):
        [group] = [group for group in form.groups if group.model.slug == name]
        return "; ".join(_line_shown(group, line) for line in answer) or "empty"
    if answer.startswith(MISSING_MARK) and answer[1:] in MissingReason.values:
        return MissingReason(answer[1:]).label
    shown = form.main.fields[name]
    text = dict(shown.options).get(answer, answer)
    return f"{text} {shown.item.shown_unit}".strip() if answer else "empty"


def _line_shown(group: Any, line: Mapping[str, str]) -> str:
    known = {n: dict(f.options) for form in group.forms for n, f in form.fields.items()}
    return ", ".join(known.get(n, {}).get(line[n], line[n]) for n in group.model.asked_items() if line.get(n)) or "emptied"


# --- a kept draft ----------------------------------------------------------------------------------------------------


def drafts_of(user: Any, records: Iterable[FormRecord]) -> dict[Any, Draft]:
    """What this person typed into these forms, by record. One query; none where the records say that there is nothing."""
    maybe = [record.pk for record in records if getattr(record, "has_drafts", True)]
    return {draft.record_id: draft for draft in Draft.objects.filter(user=user, record__in=maybe)} if maybe else {}


def with_draft(crf: Crf, draft: Draft | None) -> Merge:
    """The stored form, with what was typed and not saved in its inputs."""
    form = CrfForm(crf)
    stored = form.stored_answers()
    if draft is None:
        return Merge(form, base=stored)
    typed = {name: answer for name, answer in draft.typed.items() if name in stored}
    result = merge(draft.base, typed, stored)
    spare = {g.model.slug: g.model.spare for g in form.groups}
    posted = _posted(dict(result.answers), stored)
    posted |= {f"{slug}-count": str(int(posted[f"{slug}-count"]) + more) for slug, more in spare.items()}
    drafted = CrfForm(crf, {"record-version": str(form.record.version), **posted})
    return _merge(drafted, stored, result.answers, result.collisions, draft.base)


def keep_draft(
    *, record: FormRecord, version: int, base: Mapping[str, Answer], typed: Mapping[str, Answer], by: Any
) -> Draft | None:
    """Keeps what a person typed, question by question: two windows of one person do not undo each other.

    A question that is typed back to what it was leaves the draft; an empty draft goes away.

    :raises Refused: the form was removed, or this is more than anybody types
    """
    if record.removed_at:
        raise Refused("This entry was removed from the casebook.")
    with transaction.atomic():
        draft, _ = Draft.objects.get_or_create(user=by, record=record, defaults={"base_version": version})
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        for name, answer in typed.items():
            draft.typed.pop(name, None)
            draft.base.pop(name, None)
            if answer != base.get(name):
                draft.typed[name], draft.base[name] = answer, base.get(name, "")
        if len(json.dumps([draft.base, draft.typed])) > LARGEST_DRAFT:
            raise Refused("This is too much for a draft. Please save the form.")
        draft.base_version, draft.kept_at = version, timezone.now()
        if not draft.typed:
            draft.delete()
            return None
        draft.save()
    return draft


def settle_draft(*, record: FormRecord, saved: Merge, by: Any) -> None:
    """After a save: what it stored is no draft any more. What another window typed into other questions stays."""
    draft = drafts_of(by, [record]).get(record.pk)
    if draft is None:
        return
    stored = saved.form.typed_answers()
    rest = {n: a for n, a in draft.typed.items() if n not in saved.drafted and n in stored and stored[n] != a}
    if rest:
        draft.typed, draft.base = rest, {name: draft.base[name] for name in rest}
        draft.save()
    else:
        draft.delete()


def read_draft(body: bytes) -> tuple[int, dict[str, Answer], dict[str, Answer]]:
    """Version, base and typed answers as the page's script sends them.

    :raises Refused: this is no draft
    """
    if len(body) > 2 * LARGEST_DRAFT:
        raise Refused("This is too much for a draft. Please save the form.")
    try:
        sent = json.loads(body)
        version, base, typed = sent["version"], sent["base"], sent["typed"]
    except (ValueError, KeyError, TypeError):
        raise Refused("This is no draft.") from None
    if type(version) is not int or not 0 <= version < 2**31 or not all(_are_answers(answers) for answers in (base, typed)):
        raise Refused("This is no draft.")
    return version, base, typed


def _are_answers(answers: Any) -> bool:
    return isinstance(answers, dict) and all(_is_text(n) and (_is_text(a) or _are_lines(a)) for n, a in answers.items())


def _are_lines(answer: Any) -> bool:
    lines = answer if isinstance(answer, list) else [None]
    return all(isinstance(line, dict) and "id" in line and all(map(_is_text, [*line, *line.values()])) for line in lines)


def _is_text(value: Any) -> bool:
    """Text that a database can hold; what a form may hold is asked when it is saved."""
    return isinstance(value, str) and not _UNSTORABLE.search(value)


def local_key(user: Any) -> str:
    """The key under which this person's browser keeps what it could not send: nobody else's page is given it."""
    return salted_hmac("casebook.drafts", str(user.pk), algorithm="sha256").hexdigest()
