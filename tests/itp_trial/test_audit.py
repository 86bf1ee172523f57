"""The trail is written by the database: by every way of writing, for every table of ours, and it is never rewritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from casebook.models import FormRecord, Participant
from itp_trial import audit
from itp_trial.actor import System, acting
from itp_trial.models import AuditEntry, Site

MACHINE = System("test")


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def trail(table: str = "itp_trial_site") -> Any:
    return AuditEntry.objects.filter(table_name=table).order_by("pk")


# --- without an author nothing is written ----------------------------------------------------------------------------

#: Every way in which a program can write.
WAYS: dict[str, Callable[[Site], Any]] = {
    "save": lambda site: Site(code="09", name="Ninth").save(),
    "create": lambda site: Site.objects.create(code="09", name="Ninth"),
    "bulk_create": lambda site: Site.objects.bulk_create([Site(code="09", name="Ninth")]),
    "save of a stored row": lambda site: _renamed(site).save(),
    "update": lambda site: Site.objects.filter(pk=site.pk).update(name="Other"),
    "bulk_update": lambda site: Site.objects.bulk_update([_renamed(site)], ["name"]),
    "SQL insert": lambda site: sql("INSERT INTO itp_trial_site (code, name, city, is_demo_name) VALUES ('09', 'N', '', false)"),
    "SQL update": lambda site: sql("UPDATE itp_trial_site SET name = 'Other' WHERE id = %s", site.pk),
}


def _renamed(site: Site) -> Site:
    site.name = "Other"
    return site


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_write_without_an_author_is_refused(universe: Any, way: Callable[[Site], Any]) -> None:
    with pytest.raises(DatabaseError, match="needs to say who is acting"), transaction.atomic():
        way(universe.s1)
    assert not Site.objects.filter(models.Q(code="09") | models.Q(name="Other")).exists()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_of_writing_is_recorded(universe: Any, way: Callable[[Site], Any]) -> None:
    before = trail().count()
    with acting(MACHINE, "because"):
        way(universe.s1)
    assert trail().count() == before + 1
    entry = trail().last()
    assert (entry.actor_id, entry.actor_name, entry.reason) == ("system:test", "test (system)", "because")
    assert entry.operation == ("INSERT" if entry.new.get("code") == "09" else "UPDATE")


def test_an_update_holds_old_and_new_of_what_changed_and_nothing_else(universe: Any) -> None:
    with acting(MACHINE, "renamed"):
        Site.objects.filter(code="01").update(name="Other", city=universe.s1.city)
    entry = trail().last()
    assert entry.old == {"name": universe.s1.name}
    assert entry.new == {"name": "Other"}
    assert entry.row == str(universe.s1.pk)


def test_an_update_of_many_rows_is_one_entry_each(universe: Any) -> None:
    before = trail().count()
    with acting(MACHINE):
        assert Site.objects.update(city="Cairo") == 3
    assert trail().count() == before + 3


def test_an_update_that_changes_nothing_is_no_entry(universe: Any) -> None:
    before = trail().count()
    with acting(MACHINE):
        universe.s1.save()
    universe.s1.save()  # also without an author: nothing is written
    assert trail().count() == before


def test_the_author_ends_with_the_transaction(transactional_universe: Any) -> None:
    """The next request on this connection has to say for itself who is acting."""
    with acting(MACHINE):
        Site.objects.update(city="Cairo")
    with pytest.raises(DatabaseError, match="needs to say who is acting"):
        Site.objects.update(city="Luxor")
    assert set(Site.objects.values_list("city", flat=True)) == {"Cairo"}


def test_the_author_ends_with_the_action_also_inside_a_longer_transaction(universe: Any) -> None:
    with acting(MACHINE):
        Site.objects.update(city="Cairo")
    with pytest.raises(DatabaseError, match="needs to say who is acting"), transaction.atomic():
        Site.objects.update(city="Luxor")


def test_passwords_and_digests_are_not_in_the_trail(universe: Any) -> None:
    with acting(MACHINE, "new password"):
        universe.clara.set_password("another-long-password")
        universe.clara.full_name = "Clara N."
        universe.clara.save()
    entry = trail("itp_trial_user").last()
    assert set(entry.new) == {"full_name"}


def test_signing_in_needs_no_author(universe: Any, client_of: Callable[..., Client]) -> None:
    """``last_login`` is no clinical fact: it is written by the sign-in itself and not recorded."""
    before = trail("itp_trial_user").count()
    client_of(universe.clara)
    assert trail("itp_trial_user").count() == before


# --- and nothing is ever taken away ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    ["UPDATE itp_trial_auditentry SET reason = 'x'", "DELETE FROM itp_trial_auditentry", "TRUNCATE itp_trial_auditentry",
     "INSERT INTO itp_trial_auditentry SELECT * FROM itp_trial_auditentry LIMIT 1"],
)  # fmt: skip
def test_the_application_only_reads_the_trail(universe: Any, statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), acting(MACHINE):
        sql(statement)


@pytest.mark.parametrize("table", ["casebook_participant", "casebook_formrecord", "assessments_bloodcount", "dosing_lot",
                                   "dosing_bag", "itp_trial_user", "itp_trial_roleassignment"])  # fmt: skip
def test_rows_are_never_deleted(universe: Any, table: str) -> None:
    """Also not by SQL: the rule stands in the database."""
    with pytest.raises(DatabaseError, match="permission denied"), acting(MACHINE):
        sql(f'DELETE FROM "{table}"')


def test_only_second_factors_may_go() -> None:
    """A second factor may be removed (it stays in the trail); everything else is kept."""
    assert {m._meta.label for m in audit.audited_models() if getattr(m, "rows_may_go", False)} == {
        "accounts.Totp", "accounts.Passkey", "accounts.RecoveryCode"
    }  # fmt: skip


@pytest.mark.parametrize("model", audit.audited_models(), ids=lambda model: model._meta.label)
def test_every_trigger_knows_its_table(universe: Any, model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(tgargs, 'escape') FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'audit'",
            [model._meta.db_table],
        )
        [[argument]] = cursor.fetchall()
    assert tuple(argument.removesuffix("\\000").split("\\000")) == audit.arguments(model)


def test_deleting_by_the_orm_is_refused_too(universe: Any) -> None:
    with pytest.raises((DatabaseError, models.ProtectedError)), acting(MACHINE):
        universe.responder.delete()
    assert Participant.objects.filter(pk=universe.responder.pk).exists()


# --- for every table -------------------------------------------------------------------------------------------------

#: Tables of ours that are not audited, each with the reason.
NOT_AUDITED = {
    "itp_trial.IdempotencyKey": "technical: forgets itself",
    "itp_trial.AuditEntry": "is the trail",
    "itp_trial.AccessEntry": "append-only itself",
    "accounts.PasswordHistory": "hashes that must stand nowhere else",
    "accounts.Session": "technical: ends with the session; sign-ins stand in the access log",
    "accounts.Attempts": "technical: a counter",
    "casebook.Reminder": "an outbox of mails",
    "assessments.SafetyReminder": "an outbox of mails",
    "identity.Fingerprint": "keyed codes of identities, which must stand nowhere else",
    "casebook.Draft": "typed and not saved: no clinical data yet, goes away with the save",
    "responses.ResponseSummary": "derived from forms that are audited",
    "responses.LastLook": "a person's own bookmark in the trail",
}


def test_every_table_is_audited_unless_it_says_why_not() -> None:
    ours = {model._meta.label for app in audit.OUR_APPS for model in apps.get_app_config(app).get_models()}
    audited = {model._meta.label for model in audit.audited_models()}
    assert ours - audited == set(NOT_AUDITED)


def test_every_audited_table_has_its_trigger(universe: Any) -> None:
    assert audit.missing_triggers() == []


def readiness() -> Any:
    return Client().get(reverse("readyz"), secure=True)


def test_a_database_that_does_not_answer_is_not_ready(universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> list[str]:
        raise DatabaseError("gone")

    monkeypatch.setattr("itp_trial.views.missing_triggers", silent)
    assert (readiness().status_code, readiness().json()) == (503, {"database": "does not answer"})


def test_the_process_answers_also_without_the_database(db: None) -> None:
    answer = Client().get(reverse("healthz"))
    assert (answer.status_code, answer.content) == (200, b"ok")


# --- one save, one transaction ---------------------------------------------------------------------------------------


def test_after_an_error_neither_the_change_nor_its_entry_is_there(universe: Any) -> None:
    before = AuditEntry.objects.count()

    def half() -> None:
        FormRecord.objects.filter(participant=universe.responder).update(edition="99")
        Site.objects.create(code="01", name="Twice")

    with pytest.raises(IntegrityError), acting(MACHINE):
        half()
    assert AuditEntry.objects.count() == before
    assert not FormRecord.objects.filter(edition="99").exists()


def test_a_system_is_named_as_a_system(universe: Any) -> None:
    """RQ-11: never a person's name on a machine's work."""
    with acting(System("reminders")):
        Site.objects.filter(code="01").update(city="Giza")
    assert trail().last().actor_name == "reminders (system)"


def test_an_action_inside_an_action_gives_the_author_back(universe: Any) -> None:
    with acting(universe.clara, "outer"):
        with acting(MACHINE, "inner"):
            Site.objects.filter(code="01").update(city="Giza")
        Site.objects.filter(code="02").update(city="Giza")
    inner, outer = trail().order_by("-pk")[:2][::-1]
    assert (inner.actor_name, inner.reason) == ("test (system)", "inner")
    assert (outer.actor_name, outer.reason) == ("Clara Naguib (clara)", "outer")
