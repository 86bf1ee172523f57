"""Training: who was trained for what on which edition, who says so, and who has to be trained (again)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from delegation import actions, guides
from delegation.guides import EDITIONS, GUIDE_OF, GUIDE_VERSION, Edition, still_holds, versions
from delegation.models import Training
from delegation.training import needs
from itp_trial.models import AuditEntry, RoleAssignment, User
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import Can, Role
from tests.delegation.conftest import sign

Enter = Callable[..., RoleAssignment]
Pages = Callable[[User], Client]
pytestmark = pytest.mark.requirement("RQ-59")


def test_every_role_has_a_guide_with_an_edition() -> None:
    for role in Role:
        assert (settings.BASE_DIR / "docs" / "guides" / f"{GUIDE_OF[role]}.md").is_file(), role
        assert versions(role)[0] == GUIDE_VERSION[role] == EDITIONS[GUIDE_OF[role]][-1].version


@pytest.fixture
def editions(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bool], None]:
    """The coordinators' guide gets a further edition."""

    def publish(version: str, new_procedure: bool) -> None:
        more = (*EDITIONS["coordinator"], Edition(version, new_procedure, "Changed."))
        monkeypatch.setitem(guides.EDITIONS, "coordinator", more)
        monkeypatch.setitem(guides.GUIDE_VERSION, Role.COORDINATOR, version)

    return publish


def standing(user: User) -> str:
    [need] = needs(user.assignments.select_related("user"))
    return need.standing


def test_a_new_wording_asks_nobody_a_new_procedure_asks_everybody(universe: Any, editions: Callable[..., None]) -> None:
    assert still_holds(Role.COORDINATOR, "1.0")
    editions("1.1", False)
    assert standing(universe.clara) == "trained"
    editions("2.0", True)
    assert not still_holds(Role.COORDINATOR, "1.0")
    assert not still_holds(Role.COORDINATOR, "0.9"), "an edition that nobody knows"
    assert standing(universe.clara) == "retraining"
    assert standing(universe.ines) == "trained"


def test_a_new_procedure_locks_nobody_out_and_a_new_entry_waits_for_it(
    universe: Any, nada: User, enter: Enter, editions: Callable[..., None]
) -> None:
    entry = enter(nada)
    editions("2.0", True)
    assert access_of(universe.clara).may(Can.EDIT, universe.s1.pk)
    with pytest.raises(Refused, match="no training for this role is recorded"):
        sign(entry, by=universe.hana)
    actions.record_training(user=nada, role=Role.COORDINATOR, on=universe.today, how="guide", by=nada)
    sign(entry, by=universe.hana)
    assert Training.objects.first().version == "2.0"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown role": ({"role": "king"}, "choose a role"),
    "an unknown edition": ({"version": "9.9"}, "choose a role and an edition"),
    "no way": ({"how": "sleep"}, "say how"),
    "a session without its trainer": ({"how": "session", "trainer": " "}, "name the trainer"),
    "tomorrow": ({"on": 1}, "in the future"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_training(universe: Any, nada: User, change: dict[str, Any], message: str) -> None:
    if "on" in change:
        change = {"on": universe.today + timedelta(days=1)}
    usual = {"user": nada, "role": Role.COORDINATOR, "on": universe.today, "how": "guide", "by": nada}
    with pytest.raises(Refused, match=message):
        actions.record_training(**{**usual, **change})
    assert not Training.objects.filter(user=nada).exists()


class TestPage:
    def test_ones_own_tick(self, universe: Any, nada: User, enter: Enter, pages: Pages) -> None:
        """Somebody without any right yet confirms that they are trained; then the entry can be signed."""
        entry, client = enter(nada, trained=False), pages(nada)
        no_role = client.get(reverse("home"))
        assert no_role.status_code == 403
        assert reverse("training") in no_role.content.decode()
        page = client.get(reverse("training")).content.decode()
        assert "Training missing" in page
        assert "I have been trained on the guide for the site coordinator, edition 1.0" in page
        posted = {"role": "coordinator", "how": "guide", "done": "on"}
        answer = client.post(reverse("confirm-training"), {**posted, "done": ""}, follow=True)
        assert "Please tick that you have been trained." in answer.content.decode()
        answer = client.post(reverse("confirm-training"), posted, follow=True)
        assert "Your training is recorded." in answer.content.decode()
        assert "Confirm my training" not in answer.content.decode()
        training = Training.objects.get(user=nada)
        assert (training.entered_by, training.version, training.trained_on) == (nada, "1.0", universe.today)
        trail = AuditEntry.objects.filter(table_name="delegation_training").first()
        assert (trail.actor_name, trail.reason) == ("Nada Amin (nada)", "Training confirmed by the person")
        sign(entry, by=universe.hana)

    def test_only_for_a_role_that_one_has(self, universe: Any, pages: Pages) -> None:
        posted = {"role": "administrator", "how": "guide", "done": "on"}
        answer = pages(universe.clara).post(reverse("confirm-training"), posted, follow=True)
        assert "You have no entry in this role." in answer.content.decode()

    def test_a_trainer_enters_whom_they_trained(self, universe: Any, nada: User, enter: Enter, pages: Pages) -> None:
        enter(nada, trained=False)
        yesterday = f"{universe.today - timedelta(days=1):%d/%m/%Y}"
        posted = {
            "person": f"{nada.pk} coordinator",
            "how": "session",
            "trainer": "Hana Selim",
            "on": yesterday,
            "version": "1.0",
        }
        answer = pages(universe.hana).post(reverse("record-training"), posted, follow=True)
        assert "The training of Nada Amin is recorded." in answer.content.decode()
        training = Training.objects.get(user=nada)
        assert str(training) == f"Nada Amin: Site coordinator, guide 1.0, {universe.today - timedelta(days=1)}"
        assert (training.entered_by, training.trainer) == (universe.hana, "Hana Selim")
        assert AuditEntry.objects.filter(table_name="delegation_training").first().reason == "Training entered by the trainer"

    @pytest.mark.parametrize("person", ["", "x", "1", "{otto} coordinator", "{hana} principal", "{clara} pharmacist"])
    def test_only_for_people_of_ones_sites_and_never_for_oneself(self, universe: Any, pages: Pages, person: str) -> None:
        before = Training.objects.count()
        key = person.format(otto=universe.otto.pk, hana=universe.hana.pk, clara=universe.clara.pk)
        answer = pages(universe.hana).post(reverse("record-training"), {"person": key, "how": "guide"}, follow=True)
        assert "Please choose a person of your sites." in answer.content.decode()
        assert Training.objects.count() == before

    def test_a_date_that_is_none(self, universe: Any, pages: Pages) -> None:
        posted = {"person": f"{universe.clara.pk} coordinator", "how": "guide", "on": "soon"}
        answer = pages(universe.hana).post(reverse("record-training"), posted, follow=True)
        assert "is not a full date" in answer.content.decode()

    def test_everybody_sees_their_own_and_overseers_those_of_their_sites(self, universe: Any, pages: Pages) -> None:
        shown = {
            name: pages(getattr(universe, name)).get(reverse("training")).content.decode() for name in ("clara", "hana", "milo")
        }
        assert {name: text.count('data-label="How"') for name, text in shown.items()} == {"clara": 1, "hana": 4, "milo": 15}
        assert "Otto Mansour" not in shown["clara"] + shown["hana"]
        assert "Enter a training" not in shown["clara"]

    def test_who_needs_training_stands_first(self, universe: Any, nada: User, enter: Enter, pages: Pages) -> None:
        enter(nada, trained=False)
        people = pages(universe.hana).get(reverse("training")).content.decode().split("People of your sites")[1]
        assert people.index("Nada Amin") < people.index("Clara Naguib")
        assert people.index("Training missing") < people.index("Trained<")
