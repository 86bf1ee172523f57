"""Questions for a physician: what the system asks about a child that only a physician can answer. One query."""

from __future__ import annotations

from dataclasses import dataclass

from casebook.forms import CrfForm
from casebook.items import Code
from casebook.models import Finding, Participant
from itp_trial.refusal import Refused

#: The items that need a physician's judgement: causality, seriousness, grade, significance, deviation grade.
FOR_A_PHYSICIAN = (
    "related",
    "related_itp",
    "expected",
    "serious",
    "grade",
    "significance",
    "significant",
    "severity",
    "importance",
)


@dataclass(frozen=True)
class Question:
    """One open finding, with the answers to choose from where it can be answered on the spot."""

    finding: Finding
    where: str
    label: str
    options: tuple[tuple[str, str], ...]


def questions(participant: Participant) -> list[Question]:
    """The open questions of a child that need a physician, oldest first."""
    found = Finding.objects.filter(
        record__participant=participant, record__removed_at=None, state=Finding.State.OPEN, item__in=FOR_A_PHYSICIAN
    ).select_related("record__participant", "record__visit__participant")
    return [_question(finding) for finding in found]


def _question(finding: Finding) -> Question:
    record = finding.record
    item = record.crf_class.items()[finding.item]
    visit = f", {record.visit.title}" if record.visit else ""
    can_choose = finding.code == "MISSING" and isinstance(item, Code)
    options = tuple((str(code), str(label)) for code, label in item.flatchoices) if can_choose else ()
    return Question(finding, f"{record.title}{visit}", item.label, options)


def answer_form(question: Finding, answer: str) -> CrfForm:
    """The form of the question as it stands, with this one answer in it.

    :raises Refused: the form has lines of its own, or somebody answered already
    """
    record = question.record
    stored = CrfForm(record.crf())
    if question.state != Finding.State.OPEN or stored.groups:
        raise Refused("This question was answered already, or needs its form. Please look at the form.")
    posted = {field.name: f"~{field.missing}" if field.missing else field.typed for field in stored.main.fields.values()}
    return CrfForm(record.crf(), posted | {question.item: answer, "record-version": str(record.version)})
