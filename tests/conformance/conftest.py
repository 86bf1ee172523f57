"""One empty record of every form, with the people around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse

from casebook import actions
from casebook.crf import Crf, crf_models
from casebook.models import FormRecord
from casebook.selectors import RECORDS
from demo.builder import at
from enrollment.reconsent import register_consent_version
from itp_trial.models import User
from itp_trial.roles import Can


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that asks for ``crf`` runs once for each form of the trial; ``@forms_that(...)`` narrows them."""
    if "crf" in metafunc.fixturenames:
        wanted = getattr(metafunc.function, "wanted_forms", lambda crf: True)
        metafunc.parametrize("crf", [crf for crf in crf_models() if wanted(crf)], ids=lambda model: model.slug)


@dataclass
class Subject:
    """A record that nobody has filled yet: who may fill it, who may only read it, and who must not know of it."""

    record: FormRecord
    editor: User
    reader: User
    foreigner: User

    @property
    def url(self) -> str:
        return reverse("record", args=[self.record.pk])

    @property
    def fresh(self) -> FormRecord:
        return RECORDS.get(pk=self.record.pk)


def empty_record(crf: type[Crf], universe: Any) -> FormRecord:
    if crf.is_product:
        return actions.add_product_record(site=universe.s1, form=crf.slug, by=universe.pia)
    if crf.about:
        return about_an_event(crf, universe)
    if crf.is_log:
        return actions.add_log_record(participant=universe.untreated, form=crf.slug, by=universe.clara)
    if crf.slug == "re-consent":
        day = universe.today
        register_consent_version(site=universe.s1, version="3.0", approved_on=day, from_day=day, reference="REC-3",
                                 asks_again=True, by=universe.hana)  # fmt: skip
    # The earliest visit that wants the form: the loading dose before the first maintenance dose.
    wanting = FormRecord.objects.filter(site=universe.s1, form=crf.slug, version=0, visit__isnull=False)
    return wanting.order_by("visit__target", "pk").first() or _unscheduled(crf, universe)


def _unscheduled(crf: type[Crf], universe: Any) -> FormRecord:
    """A form that no visit of the universe wants, at an unscheduled one."""
    visit = actions.add_unscheduled_visit(participant=universe.untreated, on=universe.today, forms=[crf.slug], by=universe.clara)
    return visit.records.get()


def about_an_event(crf: type[Crf], universe: Any) -> FormRecord:
    """The form of a serious event that is of special interest: some were added with it, the others are asked for."""
    event = actions.add_log_record(participant=universe.untreated, form=crf.about, by=universe.clara)
    began = at(universe.untreated.enrolled_on, 0, 1)
    universe.fill(event, universe.clara, term="x", started_at=began, serious="Y", special_interest="Y")
    there = FormRecord.objects.filter(about=event, form=crf.slug).first()
    return there or actions.add_record_about(about=event, form=crf.slug, by=universe.clara)


@pytest.fixture
def subject(crf: type[Crf], universe: Any) -> Subject:
    # A deviation is graded by an investigator; everything else belongs to whoever holds the right that the form takes.
    graded = crf.slug == "deviation" or crf.entered_with == Can.DECIDE
    editor = universe.pia if crf.is_product else universe.ines if graded else universe.clara
    return Subject(RECORDS.get(pk=empty_record(crf, universe).pk), editor, universe.milo, universe.otto)


@pytest.fixture
def page_of(client_of: Callable[[User], Any]) -> Callable[[User, str], Any]:
    """``page_of(user, url)``: the answer of the server to this person."""
    return lambda user, url: client_of(user).get(url)
