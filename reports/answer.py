"""The response of a participant as the PDF says it: answer, drawing, reasons. Live, from one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.safestring import SafeString, mark_safe

from casebook.models import Participant
from casebook.templatetags.casebook import STATES
from itp_trial.reasons import readable
from responses import facts
from responses.answer import answer_line
from responses.charts import draw
from responses.classification import classify
from responses.course import dossiers
from responses.verdicts import Verdict


@dataclass(frozen=True)
class Answer:
    """What the rules say of a child on a day, with their reasons."""

    line: str
    verdict: Verdict
    chart: SafeString
    reasons: list[tuple[str, str]]
    what_would_change: list[str]

    @property
    def best(self) -> str:
        return STATES[self.verdict.best_response][0]

    @property
    def off_therapy(self) -> str:
        return STATES.get(self.verdict.off_therapy.state, ("",))[0] if self.verdict.off_therapy else ""


def answer_of(participant: Participant, today: date) -> Answer:
    [dossier] = dossiers([participant], today)
    verdict = classify(dossier.course)
    drawing = facts.chart(dossier, verdict)
    return Answer(
        line=answer_line(verdict, dossier.course),
        verdict=verdict,
        # Our own drawing: every word in it is escaped where it is drawn.
        chart=mark_safe(draw(drawing, key="course") if drawing.points else ""),  # noqa: S308  (our own drawing; its texts are escaped)
        reasons=[(reason.rule, readable(reason.text)) for reason in verdict.reasons],
        what_would_change=[readable(text) for text in verdict.what_would_change],
    )
