"""ITP-BAT v1.0: the worst bleeding since the last visit, and what is present today; dated bleeding episodes."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from assessments import smog
from assessments.story import Episode, Story, story_besides
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import DIRECT, Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off

SOME = ("any_bleeding", YesNo.YES)


class Evidence(models.TextChoices):
    SEEN = "seen", "Seen at the visit"
    RECORD = "record", "Medical record"
    REPORT = "report", "Report only"


def bleeding_item(code: str) -> tuple[items.Grade, items.Code, items.Code]:
    """The three columns of one ITP-BAT item: worst grade, how it is known, present today."""
    sign = smog.BY_CODE[code]
    grades = tuple((grade, f"{grade}: {sign.text(grade)}") for grade in sign.grades)
    bleeding = tuple(grade for grade in sign.grades if grade > 0)
    return (
        items.Grade(sign.label, grades=grades, asked_if=SOME, critical=True, source=DIRECT,
                    sdtm=Sdtm("FA.FAORRES", "GRADE")),
        items.Code(f"{sign.label}: evidence", options=Evidence, asked_if=(code, bleeding), source=DIRECT,
                   sdtm=Sdtm("FA.FAORRES", "EVID")),
        items.Code(f"{sign.label}: present today", options=YesNo, asked_if=(code, bleeding), critical=True, source=DIRECT,
                   sdtm=Sdtm("FA.FAORRES", "PRESENT")),
    )


def _grid(domain: str) -> list[str]:
    codes = [item.code for item in smog.ITEMS if item.domain == domain]
    return [name for code in codes for name in (code, f"{code}_evidence", f"{code}_today")]


COLUMNS = ("Worst since last visit", "Evidence", "Present today")


class BleedingAssessment(Crf):
    """ITP-BAT interval form with SMOG derived (R24)."""

    slug = "bleeding-assessment"
    dates_visit = "assessed_on"

    assessed_on = items.Date("Assessed on", critical=True, source=DIRECT, sdtm=Sdtm("FA.FADTC"))
    any_bleeding = items.Code("Any bleeding since the last visit?", options=YesNo, critical=True, source=DIRECT,
                              sdtm=Sdtm("FA.FAORRES", "OCCUR"),
                              help="At the first visit: in the preceding 15 days. “No” writes grade 0 for every item.")
    petechiae, petechiae_evidence, petechiae_today = bleeding_item("petechiae")
    ecchymoses, ecchymoses_evidence, ecchymoses_today = bleeding_item("ecchymoses")
    haematoma, haematoma_evidence, haematoma_today = bleeding_item("haematoma")
    minor_wound, minor_wound_evidence, minor_wound_today = bleeding_item("minor_wound")
    epistaxis, epistaxis_evidence, epistaxis_today = bleeding_item("epistaxis")
    gum, gum_evidence, gum_today = bleeding_item("gum")
    vesicles, vesicles_evidence, vesicles_today = bleeding_item("vesicles")
    bite_tooth, bite_tooth_evidence, bite_tooth_today = bleeding_item("bite_tooth")
    subconjunctival, subconjunctival_evidence, subconjunctival_today = bleeding_item("subconjunctival")
    gastrointestinal, gastrointestinal_evidence, gastrointestinal_today = bleeding_item("gastrointestinal")
    lung, lung_evidence, lung_today = bleeding_item("lung")
    haematuria, haematuria_evidence, haematuria_today = bleeding_item("haematuria")
    menorrhagia, menorrhagia_evidence, menorrhagia_today = bleeding_item("menorrhagia")
    muscle, muscle_evidence, muscle_today = bleeding_item("muscle")
    joint, joint_evidence, joint_today = bleeding_item("joint")
    ocular, ocular_evidence, ocular_today = bleeding_item("ocular")
    intracranial, intracranial_evidence, intracranial_today = bleeding_item("intracranial")
    other_internal, other_internal_evidence, other_internal_today = bleeding_item("other_internal")
    smog_skin = items.Grade("Skin (S)", derived=True, critical=True, sdtm=Sdtm("FA.FAORRES", "SMOGS"))
    smog_mucosa = items.Grade("Mucosa (M)", derived=True, critical=True, sdtm=Sdtm("FA.FAORRES", "SMOGM"))
    smog_organ = items.Grade("Organ (O)", derived=True, critical=True, sdtm=Sdtm("FA.FAORRES", "SMOGO"))
    present_grade = items.Grade("Worst grade present today", derived=True, critical=True,
                                sdtm=Sdtm("FA.FAORRES", "PRESENT"))

    sections = [
        Section("Assessment", "assessed_on", "any_bleeding"),
        Section("Skin", *_grid("S"), columns=COLUMNS),
        Section("Visible mucosa", *_grid("M"), columns=COLUMNS),
        Section("Organs and internal mucosa", *_grid("O"), columns=COLUMNS),
        Section("SMOG", "smog_skin", "smog_mucosa", "smog_organ", "present_grade",
                note="Derived: the worst grade of each domain; never added up. “Report only” counts as grade 1 at most."),
    ]
    edit_checks = [
        EditCheck("BAT01", ["any_bleeding"],
                  lambda c: c.any_bleeding == YesNo.NO or not c.is_all_zero(),
                  "“Any bleeding” is Yes, but every item is grade 0."),
        EditCheck("BAT02", ["smog_skin"], lambda c: not c.caps(), lambda c: c.caps(), rule="R24",
                  about="Bleeding known by report only counts as grade 1 at most."),
        EditCheck("BAT03", ["assessed_on"], lambda c: c.visit is None or c.visit.window.contains(c.assessed_on),
                  "The assessment was made outside the visit window."),
        EditCheck("BAT04", ["present_grade", "assessed_on"], lambda c: not c.contradicted_by(),
                  lambda c: c.contradicted_by(), rule="R12", about="The bleeding log says otherwise about this day."),
    ]

    class Meta:
        verbose_name = "bleeding assessment (ITP-BAT)"

    def derive(self, rows: list[Row]) -> None:
        if self.any_bleeding == YesNo.NO:
            for sign in smog.ITEMS:
                setattr(self, sign.code, 0)
                self.missing.pop(sign.code, None)
        result = smog.grade(self.observations())
        self.smog_skin, self.smog_mucosa, self.smog_organ = result.skin, result.mucosa, result.organ
        self.present_grade = self._present(self.any_bleeding)

    def observations(self) -> list[smog.Observation]:
        return [smog.Observation(s.code, getattr(self, s.code), getattr(self, f"{s.code}_evidence")) for s in smog.ITEMS]

    @property
    def smog_text(self) -> str:
        """The result string such as ``S2M1O0``; ``x`` for a domain that is not evaluable."""
        grades = (self.smog_skin, self.smog_mucosa, self.smog_organ)
        return "".join(f"{d}{'x' if g is None else g}" for d, g in zip("SMO", grades, strict=True))

    def is_asked(self, item: Any) -> bool:
        # With "no bleeding" the grades are written as 0 by derive(), not emptied as unasked.
        if item.asked_if == SOME and self.any_bleeding == YesNo.NO:
            return True
        return super().is_asked(item)

    def is_all_zero(self) -> bool:
        return all(getattr(self, sign.code) == 0 for sign in smog.ITEMS)

    def caps(self) -> str:
        """Which grades the evidence rule lowers, in words."""
        graded = (smog.capped(observation) for observation in self.observations())
        return " ".join(reason.text for each in graded for reason in each.reasons)

    @cached_property
    def story(self) -> Story:
        return story_besides(self.record)

    def contradicted_by(self) -> str:
        """The dated episode that says otherwise than "nothing present" on this day, in words."""
        found = self.story.episodes_on(self.assessed_on) if self.present_grade == 0 else []
        return f"Nothing present today, but the bleeding log holds: {told(found[0])}. Which one is right?" if found else ""

    def _proven_grade(self, code: str) -> int:
        """The grade that the evidence allows (R24). Bleeding that is only reported still is bleeding: at least 1."""
        observation = smog.Observation(code, getattr(self, code), getattr(self, f"{code}_evidence"))
        return max(1, smog.capped(observation).grade or 1)

    def _present(self, any_bleeding: str | None) -> int | None:
        """The worst grade present today; 0 if none is; None where it was not said for a sign that bled."""
        if any_bleeding is None:
            return None
        signs = [s.code for s in smog.ITEMS if (getattr(self, s.code) or 0) > 0]
        today = [(self._proven_grade(code), getattr(self, f"{code}_today")) for code in signs]
        present = [grade for grade, answer in today if answer == YesNo.YES]
        if present:
            return int(max(present))
        return None if any(answer is None for _, answer in today) else 0


class BleedingEpisode(Crf):
    """One bleeding episode with its dates (decides R12 between visits)."""

    slug = "bleeding-episode"
    is_log = True
    told_by_family = True

    site_of_bleeding = items.Code("Kind of bleeding", sdtm=Sdtm("CE.CETERM"),
                                  choices=[(sign.code, sign.label) for sign in smog.ITEMS], max_length=30)
    started_on = items.Date("Started on", critical=True, sdtm=Sdtm("CE.CESTDTC"))
    ongoing = items.Code("Still bleeding?", options=YesNo, sdtm=Sdtm("CE.CEENRTPT"))
    ended_on = items.Date("Ended on", asked_if=("ongoing", YesNo.NO), critical=True, sdtm=Sdtm("CE.CEENDTC"))
    peak_grade = items.Grade("Worst ITP-BAT grade", grades=tuple((g, f"Grade {g}") for g in range(1, 6)), critical=True,
                             sdtm=Sdtm("CE.CESEV"))
    evidence = items.Code("Evidence", options=Evidence, sdtm=Sdtm("FA.FAORRES", "EVID"))
    treatment = items.Text("Treatment given", optional=True, sdtm=Sdtm("CM.CMTRT"))

    sections = [Section("Episode", "site_of_bleeding", "started_on", "ongoing", "ended_on", "peak_grade", "evidence",
                        "treatment")]
    edit_checks = [
        EditCheck("BLE01", ["started_on", "ended_on"], lambda c: c.ended_on >= c.started_on,
                  "The bleeding ended before it started. Please check both dates.", hard=True),
        EditCheck("BLE02", ["started_on", "peak_grade"], lambda c: not c.contradicts(), lambda c: c.contradicts(), rule="R12",
                  about="An assessment or a count of these days says “no bleeding”."),
        EditCheck("BLE03", ["peak_grade", "site_of_bleeding"], lambda c: c.peak_grade in smog.BY_CODE[c.site_of_bleeding].grades,
                  lambda c: f"{smog.BY_CODE[c.site_of_bleeding].label} has no grade {c.peak_grade}. Please check the grade.",
                  rule="R24", about="The kind of bleeding has no such grade."),
        EditCheck("BLE04", ["evidence", "peak_grade"],
                  lambda c: c.evidence != Evidence.REPORT or c.peak_grade in (smog.REPORT_ONLY_GRADE_MAX, smog.FATAL),
                  "Known by report only, this bleeding counts as grade 1 at most.", rule="R24"),
    ]

    class Meta:
        verbose_name = "bleeding episode"

    @property
    def span(self) -> Episode:
        end = None if self.ongoing == YesNo.YES else self.ended_on or self.started_on
        return Episode(self.site_of_bleeding or "", self.started_on, end, self.peak_grade)

    def contradicts(self) -> str:
        """The days inside this episode on which a count or an assessment says "no bleeding", in words."""
        story = story_besides(self.record)
        counts = [(timezone.localtime(s.at).date(), "the blood count") for s in story.samples if s.bleeding == "0"]
        said = counts + [(a.on, "the bleeding assessment") for a in story.assessments if a.present == 0]
        found = [f"{what} of {day:%d %b %Y}" for day, what in sorted(said) if self.span.covers(day)]
        return f"“No bleeding” is what {', '.join(found)} says. Which one is right?" if found else ""


def told(episode: Episode) -> str:
    """An episode in words: kind, grade, dates."""
    kind = smog.BY_CODE[episode.kind].label if episode.kind in smog.BY_CODE else "bleeding"
    until = "ongoing" if episode.end is None else f"to {episode.end:%d %b %Y}"
    return f"{kind}, grade {episode.grade}, from {episode.start:%d %b %Y} {until}"
