"""The page for the family of a child: how the count went, the next visit and what will happen, when to come at once.

The words are our own, for people with little schooling; the ethics committee has to approve them before use. The page gives
numbers and days and no judgement: no class of response, no limit, no diagnosis, no name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from casebook.models import Participant, Visit
from reports.arabic import MONTHS, day, number
from responses.course import dossiers

#: So many counts fit on the page; older ones are left out.
COUNTS = 8
#: Heights of the bars (``family.css``), and the number that the highest bar stands for at least.
STEPS, LEAST_TOP = 20, 50
#: A contact after an infusion is a call.
CALL = "contact"
WHAT_HAPPENS = {
    "consent": "نشرح لكم البحث ونسأل عن موافقتكم.",
    "re-consent": "نشرح لكم ما تغيّر في البحث ونسأل عن موافقتكم من جديد.",
    "screening": "نسأل عن تاريخ المرض ونكشف على الطفل.",
    "blood-count": "عيّنة دم صغيرة لعدّ الصفائح.",
    "bleeding-assessment": "الطبيب يكشف على الطفل ويسأل عن أي نزيف.",
    "infusion": "محلول الأجسام المناعية في الوريد. يأخذ عدة ساعات، فاحسبوا أن اليوم كله في المستشفى.",
    "haemoglobin-check": "عيّنة دم صغيرة للاطمئنان بعد المحلول.",
    "growth": "نقيس وزن الطفل وطوله.",
    "laboratory": "تحليل دم.",
    "virology": "تحليل دم.",
    "school-activity": "نسأل عن المدرسة واللعب.",
    "satisfaction": "نسأل عن رأيكم في العلاج.",
    CALL: "نكلّمكم في التليفون لنسأل عن الطفل. لا داعي للحضور.",
}


@dataclass(frozen=True)
class Counted:
    """One platelet count: its day and its number in thousands per microlitre (the same as 10^9/L)."""

    on: date
    value: Decimal
    #: Height of its bar from 1 to ``STEPS``. Bars are boxes with letters of the page: drawings do not join Arabic letters
    #: in every printer of PDFs.
    height: int = 1

    @property
    def words(self) -> str:
        return number(self.value)

    @property
    def day(self) -> str:
        return day(self.on)

    @property
    def short_day(self) -> tuple[str, str]:
        """Day and month, for two short lines."""
        return number(self.on.day), MONTHS[self.on.month - 1]


@dataclass(frozen=True)
class Coming:
    """A visit to come: the best day (empty once it is over), the days left for it, and what will happen. ``late``: none is
    left."""

    best: str
    opens: str
    closes: str
    is_call: bool
    late: bool
    what: tuple[str, ...]


@dataclass(frozen=True)
class FamilyPage:
    """Everything on the page; the newest count last."""

    participant: Participant
    counts: tuple[Counted, ...]
    coming: tuple[Coming, ...]

    @property
    def newest_first(self) -> tuple[Counted, ...]:
        return self.counts[::-1]


def family_page(participant: Participant, today: date) -> FamilyPage | None:
    """The page as of today; None for a child that has died. Three queries."""
    [dossier] = dossiers([participant], today)
    if dossier.course.death is not None or participant.state == Participant.State.DIED:
        return None
    counts = [(c.on, c.value) for c in dossier.counts if c.value is not None and c.on <= today]
    visits = Visit.objects.filter(participant=participant, happened_on=None, cancelled="").order_by("target", "code")
    coming = () if participant.is_ended else tuple(next_visits(visits.prefetch_related("records"), today))
    return FamilyPage(participant, tuple(counted(counts[-COUNTS:])), coming)


def counted(counts: Sequence[tuple[date, Decimal]]) -> Iterator[Counted]:
    """Each count with the height of its bar, beside the highest of them."""
    most = max([Decimal(LEAST_TOP), *(value for _, value in counts)])
    for on, value in counts:
        yield Counted(on, value, max(round(STEPS * value / most), 1))


def next_visits(visits: Iterable[Visit], today: date) -> Iterator[Coming]:
    """The next visit at the hospital, and a call before it; where every visit is late, the latest of them."""
    known = list(visits)
    open_now = [visit for visit in known if visit.closes >= today] or known[-1:]
    for visit in open_now:
        found = coming(visit, {record.form for record in visit.records.all()}, today)
        yield found
        if not found.is_call:
            return


def coming(visit: Visit, forms: Collection[str], today: date) -> Coming:
    """What will happen follows from the forms of the visit, each sentence once."""
    what = dict.fromkeys(words for form, words in WHAT_HAPPENS.items() if form in forms)
    best = day(visit.target) if visit.target >= today else ""
    return Coming(best, day(max(visit.opens, today)), day(visit.closes), CALL in forms, visit.closes < today, tuple(what))
