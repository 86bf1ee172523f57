"""School, physical activity and satisfaction: our own neutral questions, no licensed wording (``protocol.md`` 9).

The Arabic wording stands beside the English one, because families answer. It is our own and has to be approved.
"""

from __future__ import annotations

from django.db import models

from assessments.crfs.contact import Respondent
from casebook import items
from casebook.crf import Crf, EditCheck, Row, Section
from casebook.items import DIRECT, NOT_SUBMITTED, Sdtm, YesNo

# A form reads like a table: one question a line.
# fmt: off


class School(models.TextChoices):
    NONE = "none", "None"
    NURSERY = "nursery", "Nursery"
    KINDERGARTEN = "kindergarten", "Kindergarten"
    PRIMARY = "primary", "Primary school"
    OTHER = "other", "Other"


ENROLLED = ("school", (School.NURSERY, School.KINDERGARTEN, School.PRIMARY, School.OTHER))
#: No family counts school days over more than this.
MOST_DAYS = 60


class Restriction(models.TextChoices):
    NONE = "none", "None"
    CONTACT = "contact", "Contact sports only"
    MOST = "most", "Most sports"
    ALL = "all", "All active play"


def _days(label: str, testcd: str) -> items.Number:
    return items.Number(label, unit="days", digits=(3, 0), hard=(0, MOST_DAYS), asked_if=("absent", YesNo.YES), optional=True,
                        source=DIRECT, sdtm=Sdtm("QS.QSORRES", testcd))


class SchoolActivity(Crf):
    """School days and play since the last time that this was asked. One person answers, the same one each time."""

    slug = "school-activity"

    asked_on = items.Date("Asked on", source=DIRECT, sdtm=Sdtm("QS.QSDTC"))
    respondent = items.Code("Who answers", options=Respondent, source=DIRECT, sdtm=Sdtm("QS.QSEVAL"),
                            help="The same person at every visit, if possible.")
    school = items.Code("Does the child go to nursery or school? · هل الطفل في حضانة أو مدرسة؟", options=School,
                        source=DIRECT, sdtm=Sdtm("QS.QSORRES", "SCHOOL"))
    scheduled_days = items.Number("School days since it was last asked · عدد أيام الدراسة منذ آخر مرة", unit="days",
                                  digits=(3, 0), hard=(0, MOST_DAYS), asked_if=ENROLLED, source=DIRECT,
                                  sdtm=Sdtm("QS.QSORRES", "SCHDAYS"),
                                  help="Days on which there was school (Sunday to Thursday, no holidays). 0 in the holidays.")
    holiday = items.Code("Holidays in this time? · هل كانت هناك إجازة؟", options=YesNo, asked_if=ENROLLED, source=DIRECT,
                         sdtm=Sdtm("QS.QSORRES", "HOLIDAY"))
    absent = items.Code("Was the child absent? · هل غاب الطفل؟", options=YesNo, asked_if=ENROLLED, source=DIRECT,
                        sdtm=Sdtm("QS.QSORRES", "ABSENT"))
    absent_itp = _days("... days because of ITP (bleeding, low count)", "ABSITP")
    absent_visit = _days("... days because of infusion or clinic", "ABSVISIT")
    absent_illness = _days("... days because of another illness", "ABSILL")
    absent_other = _days("... days for another reason", "ABSOTH")
    absent_days = items.Number("Days absent", unit="days", digits=(3, 0), derived=True, sdtm=Sdtm("QS.QSSTRESN", "ABSDAYS"))
    absence_percent = items.Number("Absence", unit="%", digits=(4, 1), derived=True, sdtm=Sdtm("QS.QSSTRESN", "ABSPCT"))
    by_physician = items.Code("Activity forbidden by the physician", options=Restriction, source=DIRECT,
                              sdtm=Sdtm("QS.QSORRES", "RESTPHYS"))
    by_parents = items.Code("Activity forbidden by the parents · ما الذي منعتم الطفل من لعبه؟", options=Restriction,
                            source=DIRECT, sdtm=Sdtm("QS.QSORRES", "RESTPAR"))
    active_days = items.Number("Days with active play in the last 7 · أيام اللعب والحركة في آخر 7 أيام", unit="days",
                               digits=(1, 0), hard=(0, 7), source=DIRECT, sdtm=Sdtm("QS.QSORRES", "ACTDAYS"))
    helmet = items.Code("Helmet or other protection?", options=YesNo, source=DIRECT, sdtm=Sdtm("QS.QSORRES", "HELMET"))

    sections = [
        Section("Asked", "asked_on", "respondent"),
        Section("School", "school", "scheduled_days", "holiday", "absent", "absent_itp", "absent_visit", "absent_illness",
                "absent_other", "absent_days", "absence_percent"),
        Section("Activity", "by_physician", "by_parents", "active_days", "helmet"),
    ]
    edit_checks = [
        EditCheck("SCH01", ["absent_days", "scheduled_days"], lambda c: c.absent_days <= c.scheduled_days,
                  lambda c: f"{c.absent_days:f} days absent of {c.scheduled_days:f} school days: please check both.",
                  about="More days absent than school days."),
        EditCheck("SCH02", ["absent"], lambda c: c.absent == YesNo.NO or bool(c.absent_days),
                  "The child was absent, but no days are entered. Enter them at one of the reasons."),
    ]

    class Meta:
        verbose_name = "school and activity"

    def derive(self, rows: list[Row]) -> None:
        days = [self.absent_itp, self.absent_visit, self.absent_illness, self.absent_other]
        known = [number for number in days if number is not None]
        self.absent_days = 0 if self.absent == YesNo.NO else (sum(known) if known else None)
        self.absence_percent = None
        if self.scheduled_days and self.absent_days is not None and self.absent_days <= self.scheduled_days:
            self.absence_percent = round(100 * self.absent_days / self.scheduled_days, 1)


class Likert(models.TextChoices):
    ONE = "1", "1 · Very bad · سيئ جداً"
    TWO = "2", "2 · Bad · سيئ"
    THREE = "3", "3 · In between · متوسط"
    FOUR = "4", "4 · Good · جيد"
    FIVE = "5", "5 · Very good · جيد جداً"


def _likert(label: str, testcd: str) -> items.Code:
    return items.Code(label, options=Likert, source=DIRECT, sdtm=Sdtm("QS.QSORRES", testcd))


class Satisfaction(Crf):
    """Five questions from 1 (very bad) to 5 (very good) on the treatment since the last time."""

    slug = "satisfaction"

    asked_on = items.Date("Asked on", source=DIRECT, sdtm=Sdtm("QS.QSDTC"))
    respondent = items.Code("Who answers", options=Respondent, source=DIRECT, sdtm=Sdtm("QS.QSEVAL"),
                            help="The same person at every visit, if possible.")
    effect = _likert("How well does the treatment work? · ما رأيك في مفعول العلاج؟", "SATEFF")
    side_effects = _likert("How was it with side effects? · ما رأيك من ناحية الأعراض الجانبية؟", "SATSIDE")
    burden = _likert("How were the days of infusion for you? · كيف كانت أيام المحلول بالنسبة لكم؟", "SATBURD")
    willing = _likert("How would it be to go on with it? · ما رأيك في الاستمرار في العلاج؟", "SATCONT")
    overall = _likert("All in all? · بشكل عام؟", "SATALL")
    words = items.Note("In the family's own words", source=DIRECT, sdtm=NOT_SUBMITTED)

    sections = [
        Section("Asked", "asked_on", "respondent"),
        Section("Satisfaction", "effect", "side_effects", "burden", "willing", "overall", "words",
                note="1 is very bad, 5 is very good. Let the family read or hear the question; do not suggest an answer."),
    ]

    class Meta:
        verbose_name = "satisfaction"
