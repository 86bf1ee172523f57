"""What a role includes, on which day and where: the answers that every page asks for."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from django.urls import reverse

from casebook.models import FormRecord, Participant
from itp_trial.permissions import EVERY_SITE, NOBODY, Access, access_of, allow, allow_somewhere, visible
from itp_trial.roles import RIGHTS, Can, Role

HERE, THERE = 1, 2


def access(*grants: tuple[str, int | None]) -> Access:
    return Access(frozenset(grants))


DOCTORS = {Role.INVESTIGATOR, Role.PRINCIPAL}
SITE_STAFF = DOCTORS | {Role.COORDINATOR}
OVERSEERS = {Role.PRINCIPAL, Role.MONITOR, Role.DATA_MANAGER, Role.SPONSOR, Role.ADMINISTRATOR}
#: Right -> the roles that hold it. The opposite reading of ``RIGHTS``, written down by hand.
HOLDERS = {
    Can.VIEW: set(Role) - {Role.ADMINISTRATOR},
    Can.VIEW_PRODUCT: set(Role) - {Role.ADMINISTRATOR},
    Can.EXPORT: set(Role) - {Role.ADMINISTRATOR, Role.PHARMACIST},
    Can.NOTIFY: SITE_STAFF | {Role.SAFETY, Role.SPONSOR},
    Can.SCREEN: SITE_STAFF,
    Can.ENROL: SITE_STAFF,
    Can.EDIT: SITE_STAFF,
    Can.CONFIRM: SITE_STAFF,
    Can.PLAN: SITE_STAFF,
    Can.END_TREATMENT: DOCTORS,
    Can.EDIT_PRODUCT: {Role.PHARMACIST},
    Can.MANAGE_PEOPLE: {Role.ADMINISTRATOR},
    Can.SIGN: DOCTORS,
    Can.DELEGATE: {Role.PRINCIPAL},
    Can.SEE_IDENTITY: SITE_STAFF,
    Can.SEE_PHOTOS: SITE_STAFF | {Role.MONITOR},
    Can.FREEZE: {Role.DATA_MANAGER},
    Can.UNLOCK: {Role.DATA_MANAGER},
    Can.REVIEW_TRAIL: {Role.MONITOR, Role.DATA_MANAGER},
    Can.SEE_ACCESSES: {Role.MONITOR, Role.DATA_MANAGER, Role.PRINCIPAL},
    Can.ASK_REDACTION: {Role.PRINCIPAL},
    Can.GRANT_REDACTION: {Role.DATA_MANAGER},
    Can.SEE_DUPLICATES: {Role.DATA_MANAGER},
    Can.DECIDE: DOCTORS,
    Can.GRADE_DEVIATION: DOCTORS,
    Can.MOVE_BAGS: SITE_STAFF | {Role.PHARMACIST},
    Can.CONFIRM_DOSE: SITE_STAFF | {Role.PHARMACIST},
    Can.HOLD_LOT: DOCTORS | {Role.PHARMACIST, Role.SAFETY, Role.DATA_MANAGER},
    Can.APPROVE_CONSENT: {Role.PRINCIPAL},
    Can.APPOINT: {Role.SPONSOR},
    Can.SEE_LOG: set(Role),
    Can.SEE_ACCESS: OVERSEERS,
    Can.RECORD_TRAINING: OVERSEERS,
    Can.REVIEW_ACCESS: {Role.DATA_MANAGER, Role.ADMINISTRATOR},
}


@pytest.mark.parametrize("right", Can)
def test_each_right_has_its_roles(right: Can) -> None:
    assert {role for role in Role if right in RIGHTS[role]} == HOLDERS[right]


#: Grants, right, site -> may. No site asks for the whole trial.
MAY = [
    (("coordinator", HERE), Can.EDIT, HERE, True),
    (("coordinator", HERE), Can.EDIT, THERE, False),
    (("coordinator", HERE), Can.EDIT, EVERY_SITE, False),
    (("coordinator", HERE), Can.END_TREATMENT, HERE, False),
    (("monitor", None), Can.VIEW, HERE, True),
    (("monitor", None), Can.VIEW, EVERY_SITE, True),
    (("monitor", None), Can.EDIT, HERE, False),
    (("administrator", None), Can.VIEW, HERE, False),
    (("administrator", None), Can.MANAGE_PEOPLE, EVERY_SITE, True),
    (("administrator", HERE), Can.MANAGE_PEOPLE, EVERY_SITE, False),
]


@pytest.mark.parametrize(("grant", "right", "site", "may"), MAY)
def test_a_right_holds_at_the_sites_of_its_role(grant: tuple[str, int | None], right: Can, site: int | None, may: bool) -> None:
    assert access(grant).may(right, site) == may


def test_roles_add_up_site_by_site() -> None:
    both = access(("coordinator", HERE), ("monitor", THERE))
    assert both.may(Can.EDIT, HERE)
    assert not both.may(Can.EDIT, THERE)
    assert both.may(Can.VIEW, THERE)
    assert both.roles == {"coordinator", "monitor"}
    assert "EXPORT" in both.names


def test_nobody_may_anything() -> None:
    assert not any(NOBODY.has(right) for right in Can)
    assert access_of(AnonymousUser()) == NOBODY


@pytest.mark.row("A7")
def test_a_closed_account_has_no_rights(universe: Any) -> None:
    universe.clara.is_active = False
    assert access_of(universe.clara) == NOBODY


def test_lists_hold_the_rows_of_ones_sites(universe: Any) -> None:
    numbers = {"clara": {"01"}, "otto": {"02"}, "milo": {"01", "02"}, "adam": set(), "sara": set()}
    for name, sites in numbers.items():
        rows = access_of(getattr(universe, name)).scope(Can.VIEW, Participant.objects.select_related("site"))
        assert {row.site.code for row in rows} == sites, name


class TestQuestions:
    """``allow``, ``allow_somewhere`` and ``visible``: 403 tells that a right is missing, 404 tells nothing."""

    @pytest.fixture
    def asked_by(self) -> Any:
        def request(*grants: tuple[str, int | None]) -> Any:
            found = RequestFactory().get("/")
            found.access = access(*grants)
            return found

        return request

    def test_allow(self, asked_by: Any) -> None:
        allow(asked_by(("coordinator", HERE)), Can.EDIT, HERE)
        with pytest.raises(PermissionDenied, match=r"Your role does not include: enter and correct forms\."):
            allow(asked_by(("coordinator", HERE)), Can.EDIT, THERE)

    def test_allow_somewhere(self, asked_by: Any) -> None:
        allow_somewhere(asked_by(("coordinator", HERE)), Can.EDIT)
        with pytest.raises(PermissionDenied):
            allow_somewhere(asked_by(("monitor", None)), Can.EDIT)

    def test_visible(self, universe: Any, asked_by: Any) -> None:
        rows, key = Participant.objects.all(), universe.responder.pk
        assert visible(asked_by(("coordinator", universe.s1.pk)), rows, key) == universe.responder
        with pytest.raises(Http404):
            visible(asked_by(("coordinator", universe.s2.pk)), rows, key)
        with pytest.raises(PermissionDenied):
            visible(asked_by(("administrator", None)), rows, key)

    def test_visible_by_any_of_several_rights(self, universe: Any, asked_by: Any) -> None:
        rows, key = Participant.objects.all(), universe.responder.pk
        split = asked_by(("administrator", None), ("pharmacist", universe.s1.pk))
        assert visible(split, rows, key, rights=(Can.EDIT, Can.VIEW_PRODUCT)) == universe.responder


def test_who_sees_only_the_product_sees_no_child(universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No role is like this today; the door is ready for one."""
    monkeypatch.setitem(RIGHTS, Role.PHARMACIST, {Can.VIEW_PRODUCT, Can.EDIT_PRODUCT})
    client = client_of(universe.pia)
    lot = FormRecord.objects.get(form="lot", site=universe.s1)
    assert client.get(reverse("record", args=[lot.pk])).status_code == 200
    count = universe.record(universe.responder, "blood-count", "D3")
    for name in ("record", "history", "api-record"):
        assert client.get(reverse(name, args=[count.pk])).status_code == 403
    assert client.get(reverse("participant", args=[universe.responder.pk])).status_code == 403
