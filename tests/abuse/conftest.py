"""Site 02 full of words that nobody else uses, and every address of the application to look for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from assessments import case
from assessments.actions import start_report
from casebook.actions import add_unscheduled_visit
from casebook.crf import Sheet, crf_models
from casebook.models import Finding, FormRecord, Participant
from demo.builder import at, fill, record
from enrollment.reconsent import register_consent_version
from itp_trial.actor import System, acting
from itp_trial.models import AccessEntry, Site
from reports.files import form_files
from tests.access.policy import POLICY

MACHINE = System("test")
#: Prime, and no count of the universe.
FOREIGN_COUNT = 1013


def sheets_of(site: Site) -> Iterator[tuple[type[Sheet], Sheet]]:
    """Every stored form and row of a site."""
    for crf in crf_models():
        yield from ((crf, found) for found in crf.objects.filter(record__site=site))
        for model in crf.row_models:
            yield from ((model, found) for found in model.objects.filter(crf__record__site=site))


def write_everywhere(universe: Any, code: str, words: Callable[[str], str]) -> int:
    """Puts ``words(place)`` into every text that people of a site write; returns how many places there are.

    Past the forms, which would refuse some of it: what was stored once has to be harmless too.
    """
    site = Site.objects.get(code=code)
    child = {"01": universe.responder, "02": universe.foreign}[code]
    clinic, day = universe.clinic(code), universe.today
    clinic.log(child, "adverse-event", term="x", narrative="x", started_at=at(day, 0, 1), ongoing="Y", grade=1, serious="N",
               related="POSSIBLY RELATED", action="DOSE NOT CHANGED", outcome="RECOVERING/RESOLVING")  # fmt: skip
    clinic.log(child, "rescue", kind="corticosteroid", started_on=day, ongoing="Y", dose="x", why="x")
    clinic.log(child, "bleeding-episode", site_of_bleeding="epistaxis", started_on=day, ongoing="Y", peak_grade=1,
               evidence="record", treatment="x")  # fmt: skip
    _the_rarer_forms(universe, clinic, child)
    saved = clinic.extra_count(child, day, 610)
    with acting(MACHINE, "Words"):
        places = 0
        for model, sheet in sheets_of(site):
            texts = [item for item in model.items().values() if item.kind in ("text", "note")]
            for item in texts:
                unlike_others = f" {sheet.pk}" if item.name == "label" else ""
                typed = words(f"{model.__name__}.{item.name}") + unlike_others
                setattr(sheet, item.name, case.text({**sheet.data, "what_is_new": typed}) if item.name == "content" else typed)
            places += len(texts)
            if hasattr(sheet, "platelets"):
                sheet.platelets = FOREIGN_COUNT if code == "02" else sheet.platelets
            sheet.save(**({"from_action": True} if hasattr(sheet, "record_id") else {}))
        settled = {"state": "confirmed", "settled_by": universe.ines, "settled_at": saved.record.saved_at}
        Finding.objects.filter(record=saved.record).update(explanation=words("Finding.explanation"), **settled)
        Participant.objects.filter(site=site).update(end_reason=words("Participant.end_reason"))
    return places


def _the_rarer_forms(universe: Any, clinic: Any, child: Participant) -> None:
    """What a child only has where something happened: a withdrawal, a deviation, a second consent, another disease."""
    day = universe.today
    clinic.log(child, "therapy", drug="x", kind="paracetamol", purpose="other", dose="x", started_on=day)
    clinic.log(child, "vaccination", vaccine="opv", given="Y", on=day)
    clinic.log(child, "hospital-contact", kind="OUTPATIENT CLINIC VISIT", started_on=day)
    extra = add_unscheduled_visit(participant=child, on=day, forms=["haemoglobin-check", "satisfaction"], by=clinic.coordinator)
    fill(record(child, "haemoglobin-check", "UNS", extra.repeat), clinic.coordinator, haemoglobin="11.5")
    fill(record(child, "satisfaction", "UNS", extra.repeat), clinic.coordinator, asked_on=day)
    clinic.log(child, "withdrawal", withdrawn_on=day, treatment="N")
    clinic.log(child, "deviation", category="other", occurred_on=day, description="x")
    clinic.log(child, "death", died_on=day, cause="unknown", cause_text="x")
    fill(record(child, "medical-history", "SCREEN"), clinic.coordinator, other_disease="Y",
         diseases=[{"disease": "x"}, {"disease": None}, {"disease": None}])  # fmt: skip
    _a_serious_event(clinic, child)
    head = {"01": universe.hana, "02": universe.hoda}[clinic.site.code]
    register_consent_version(site=clinic.site, version="3.0", approved_on=day, from_day=day, reference="REC-3", asks_again=True,
                             by=head)  # fmt: skip
    again = FormRecord.objects.get(participant=child, form="re-consent")
    fill(again, clinic.coordinator, version="3.0", mother="absent", father="absent", guardian="Y")


def _a_serious_event(clinic: Any, child: Participant) -> None:
    """With everything that hangs on it: its serious side, its short form, a version of its report."""
    began = at(timezone.localdate(), 0, 1)
    event = clinic.log(child, "adverse-event", term="x", started_at=began, serious="Y", special_interest="Y").record
    for form, answers in (("serious-event", {"narrative": "x"}), ("special-interest", {"kind": "thrombosis", "vessel": "x"})):
        fill(FormRecord.objects.get(about=event, form=form), clinic.coordinator, **answers)
    fill(start_report(event=event, by=clinic.coordinator), clinic.coordinator, nullifies="N", what_is_new="x")


#: Addresses of files say what they are for.
FOR = "?purpose=analysis"
#: Objects that are neither a child's nor a form: walked by the access matrix, at one's own and at another site.
OF_OTHERS = ("account-of", "trail-review", "download-copy", "receive-copy")


def addresses(universe: Any, child: Participant, site: Site) -> dict[str, str]:
    """Every address that can be read, with this child's and this site's objects in it."""
    record = FormRecord.objects.filter(participant=child, version__gt=0).order_by("pk").first()
    records = {f"{name} {found.form} {found.pk}": reverse(name, args=[found.pk])
               for found in FormRecord.everything.filter(site=site) for name in ("record", "history", "api-record")}  # fmt: skip
    files = {f"{name} {file.slug}": reverse(name, args=[file.slug])
             for file in form_files() for name in ("form-csv", "api-form-csv")}  # fmt: skip
    found: dict[str, str] = {}
    for name in (name for name, methods in POLICY.items() if "GET" in methods):
        for part in (child.pk, site.pk, record.pk):
            try:
                address = reverse(name, args=[part])
            except NoReverseMatch:
                continue
            if isinstance(part, type(child.pk)) == ("<uuid:" in _pattern(name)) or name in ("edit-site", "delegation-log"):
                found.setdefault(name, address)
        if name not in found:
            try:
                found[name] = reverse(name)
            except NoReverseMatch:
                assert name in ("form-csv", "api-form-csv", "item-history", "trial-figure", *OF_OTHERS), name
        if name in found:
            found[name] += FOR if name.endswith(("-csv", "-pdf", "-report")) else ""
    for name, form in (("safety-event", "adverse-event"), ("cioms", "sae-report"), ("e2b", "sae-report")):
        safety = FormRecord.objects.filter(participant=child, form=form).order_by("-created_at").first()
        found[name] = reverse(name, args=[safety.pk if safety else child.pk]) + (FOR if name == "e2b" else "")
    found["item-history"] = reverse("item-history", args=[record.pk, record.crf_class.sections[0].names[0]])
    files |= {f"trial-figure {kind}": reverse("trial-figure", args=["swimmer", kind]) for kind in ("csv", "svg")}
    files = {name: address + FOR for name, address in files.items()}
    for name in ("record", "history", "api-record"):
        found.pop(name)
    return {**found, **records, **files}


def _pattern(name: str) -> str:
    from django.urls import get_resolver

    from tests.access.policy import routes

    return dict(routes(get_resolver()))[name]


@pytest.fixture(autouse=True)
def html_instead_of_pdf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be printed, without the printing. ``@pytest.mark.fault`` tests print."""
    if "pdf" not in request.module.__name__:
        monkeypatch.setattr("reports.pdf.rendered", lambda html: b"%PDF-" + html.encode())


def without_ids(body: bytes) -> str:
    """Random ids could hold any number by chance."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}", "", body.decode("utf-8", "replace"))


@pytest.fixture
def refusals() -> Callable[[], list[AccessEntry]]:
    """The refused attempts so far, oldest first."""
    return lambda: list(AccessEntry.objects.filter(kind=AccessEntry.Kind.REFUSED).order_by("pk"))
