"""Every figure of the paper, in the order of ``protocol.md`` 10. Pure: no Django."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial

from analyses import bleeding, enrolment, family, hospital, platelets, response, safety, survival, swimmer
from analyses.figures import Figure
from analyses.inputs import Child, full_analysis_set

Make = Callable[[Sequence[Child]], Figure]

#: Slug -> how the figure is made from the full analysis set.
OF_TREATED: dict[str, Make] = {
    "best-response": response.best_responses,
    "sensitivity": response.sensitivity,
    "off-therapy": response.off_therapy,
    "swimmer": swimmer.swimmer,
    "time-to-response": survival.time_to_response,
    "time-to-complete-response": partial(survival.time_to_response, complete=True),
    "duration-of-response": survival.duration_of_response,
    "time-in-response": survival.time_in_response,
    "platelet-courses": platelets.spaghetti,
    "platelets-by-visit": platelets.by_visit,
    "best-count": platelets.waterfall,
    "bleeding-change": bleeding.changes,
    "marked-bleeding": bleeding.marked_bleeding,
    "hospital-contacts": hospital.contacts,
    "school-absence": family.school,
    "physical-activity": family.activity,
    "satisfaction": family.satisfaction,
    "exposure": safety.exposure,
    "events-by-period": safety.by_period,
    "events-by-grade": safety.by_grade,
    "events-by-relation": safety.by_relation,
    "events-by-term": safety.by_term,
    "events-by-lot": safety.by_lot,
}
#: Slug -> how the figure is made from every screened child, seen today.
OF_SCREENED: dict[str, Callable[[Sequence[Child], date], Figure]] = {
    "enrolment": enrolment.enrolment,
    "flow": lambda children, _: enrolment.flow(children),
}
SLUGS = (*OF_SCREENED, *OF_TREATED)


def figure(slug: str, children: Sequence[Child], today: date, order: str = "number") -> Figure:
    """One figure. Raises ``KeyError`` for an unknown slug."""
    if slug in OF_SCREENED:
        return OF_SCREENED[slug](children, today)
    treated = full_analysis_set(list(children))
    return swimmer.swimmer(treated, order) if slug == "swimmer" else OF_TREATED[slug](treated)


def figures(children: Sequence[Child], today: date, order: str = "number") -> Iterator[Figure]:
    """All of them."""
    return (figure(slug, children, today, order) for slug in SLUGS)
