"""Signing: bound to exactly what was shown, by the person named, with two components, and superseded by any change."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from accounts.second_factor import code_at, step_now
from casebook import actions as kernel
from casebook import locks
from casebook.models import Finding, FormRecord, Lock
from delegation.models import Acceptance
from delegation.statement import accept
from demo.builder import fill, sign
from demo.people import PASSWORD
from itp_trial.actor import acting
from itp_trial.models import AccessEntry, AuditEntry
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import Can, Role
from signatures import actions, seal
from signatures.content import contents
from signatures.matters import Matter
from signatures.models import Meaning, Scope, Seen, Signature
from signatures.paper import paper_of
from signatures.selectors import waiting_of
from tests.trail.conftest import story
from tests.universe import signed_role


def shown(matter: Matter, by: Any) -> str:
    return paper_of(matter, by=by, access=access_of(by)).hash


def read_all(matter: Matter, by: Any) -> None:
    """As the pages do it: every form that this person does not know is read."""
    for leaf in paper_of(matter, by=by, access=access_of(by)).unseen:
        alone = Matter(Scope.FORM, matter.participant, record=leaf.record)
        actions.mark_seen(matter=alone, shown=shown(alone, by), by=by)


# --- what is bound ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-31")
def test_the_canonical_content_is_sorted_text_in_nfc(universe: Any) -> None:
    count = universe.record(universe.responder, "blood-count", "D3")
    [content] = contents([count])
    content.crf.why_not = "Cafe\u0301"
    said = json.loads(content.canonical)
    assert list(said) == sorted(said)
    assert unicodedata.is_normalized("NFC", content.canonical.decode())
    assert said["subject"] == "S01-001"
    assert said["study"] == "NCT07068126"
    assert (said["event"], said["form"], said["repeat"], said["version"]) == ("D3/1", "blood-count", "1", str(count.version))
    assert said["items"]["platelets"] == {"value": "60", "unit": "10^9/L", "missing": ""}
    assert said["open_questions"] == "0"
    tables = ["assessments_bloodcount", "casebook_formrecord"]
    newest = AuditEntry.objects.filter(record=count.pk, table_name__in=tables).latest("id")
    assert said["head"] == str(newest.pk)
    assert "Café" in content.canonical.decode()


@pytest.mark.requirement("RQ-31")
def test_rows_missing_answers_and_questions_are_content(universe: Any) -> None:
    infusion = universe.record(universe.responder, "infusion", "LOAD")
    [content] = contents([infusion])
    said = json.loads(content.canonical)
    assert len(said["rows"]["bags"]) == infusion.crf().bags.count()
    assert all(row["volume_ml"]["value"] for row in said["rows"]["bags"])
    count = universe.record(universe.responder, "blood-count", "D3")
    fill(count, universe.clara, haemoglobin="~SL", platelets=1200)
    [content] = contents([FormRecord.objects.get(pk=count.pk)])
    said = json.loads(content.canonical)
    assert said["items"]["haemoglobin"] == {"value": "", "unit": "g/dL", "missing": "SL"}
    assert said["open_questions"] == "1"


@pytest.mark.requirement("RQ-31")
def test_a_code_belongs_to_everything_that_the_row_says(universe: Any, visit: Matter) -> None:
    signature = sign(visit, universe.ines)
    assert seal.holds(signature)
    for name, other in (("printed_name", "Omar Halim"), ("participant_id", universe.foreign.pk), ("meaning", "approval"),
                        ("manifest", {}), ("signed_by_id", universe.omar.pk), ("content_hash", "0" * 64)):  # fmt: skip
        copy = Signature.objects.get(pk=signature.pk)
        setattr(copy, name, other)
        assert not seal.holds(copy), name
    assert len(signature.code.replace("-", "")) == 20
    assert seal.typed(f" {signature.code.lower().replace('-', '')} ") == signature.code
    assert seal.typed("oilu") == "011V"


@pytest.mark.requirement("RQ-31")
def test_a_code_of_an_earlier_key_holds(universe: Any, visit: Matter, settings: Any) -> None:
    signature = sign(visit, universe.ines)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key of the same length, long enough", [settings.SECRET_KEY]
    assert seal.holds(signature)


@pytest.mark.requirement("RQ-31")
def test_what_changed_since_it_was_shown_is_not_signed(universe: Any, visit: Matter) -> None:
    before = shown(visit, universe.ines)
    fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, platelets=61)
    with pytest.raises(Refused, match=r"The content has changed since you opened this page\. Nothing was signed"):
        actions.sign(matter=visit, shown=before, by=universe.ines, factors="password")
    other = Matter(Scope.VISIT, universe.responder, visit=universe.record(universe.responder, "infusion", "LOAD").visit)
    with pytest.raises(Refused, match="content has changed"):
        actions.sign(matter=other, shown=shown(visit, universe.ines), by=universe.ines, factors="password")


# --- who signs what ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-34")
def test_only_an_investigator_of_the_site_signs_and_only_in_their_own_name(universe: Any, visit: Matter) -> None:
    for person in (universe.clara, universe.omar, universe.dana, universe.nora, universe.adam, universe.milo):
        with pytest.raises(Refused, match="Only an investigator of this site signs"):
            actions.sign(matter=visit, shown=shown(visit, universe.ines), by=person, factors="password")
    signature = sign(visit, universe.ines)
    assert (signature.signed_by, signature.printed_name, signature.role) == (universe.ines, "Ines Farouk", "Investigator")


@pytest.mark.requirement("RQ-36")
def test_without_the_statement_nobody_signs(universe: Any, visit: Matter, client_of: Any) -> None:
    signed_role(universe.sara, Role.INVESTIGATOR, universe.s3, universe.today)
    child = universe.clinic("03").start_screening(universe.today)
    matter = Matter(Scope.ELIGIBILITY, child)
    assert not Acceptance.objects.filter(user=universe.sara).exists()
    with pytest.raises(Refused, match="accept the statement on electronic signatures first"):
        actions.sign(matter=matter, shown=shown(matter, universe.sara), by=universe.sara, factors="password")
    html = client_of(universe.sara).get(reverse("sign-eligibility", args=[child.pk])).content.decode()
    assert "accept the statement on electronic signatures" in html
    assert "Sign</button>" not in html


def test_the_meaning_follows_from_the_scope_and_the_signer(universe: Any, casebook: Matter, visit: Matter) -> None:
    event = universe.clinic().log(universe.responder, "adverse-event", term="Fever", serious="Y").record
    read_all(casebook, universe.hana)
    read_all(casebook, universe.ines)
    form = Matter(Scope.FORM, universe.responder, record=event)
    made = [sign(matter, by).meaning for matter, by in (
        (visit, universe.ines), (casebook, universe.ines), (casebook, universe.hana), (form, universe.ines),
        (Matter(Scope.ELIGIBILITY, universe.responder), universe.hana))]  # fmt: skip
    assert made == [Meaning.REVIEW, Meaning.REVIEW, Meaning.APPROVAL, Meaning.CAUSALITY, Meaning.ELIGIBILITY]


def test_a_form_without_a_meaning_is_not_signed_by_itself(universe: Any, client_of: Any) -> None:
    count = universe.record(universe.responder, "blood-count", "D3")
    matter = Matter(Scope.FORM, universe.responder, record=count)
    with pytest.raises(Refused, match="is not signed by itself"):
        sign(matter, universe.ines)
    assert client_of(universe.ines).get(reverse("sign-form", args=[count.pk])).status_code == 404


def test_empty_forms_and_a_child_that_is_not_eligible_are_not_signed(universe: Any) -> None:
    empty = Matter(Scope.ELIGIBILITY, universe.screening)
    with pytest.raises(Refused, match=r"Screening and eligibility, Screening is not filled yet\."):
        sign(empty, universe.ines)
    planned = Matter(Scope.VISIT, universe.untreated, visit=universe.record(universe.untreated, "infusion", "LOAD").visit)
    with pytest.raises(Refused, match=r"Nothing is filled in yet\."):
        sign(planned, universe.ines)
    fill(universe.record(universe.responder, "screening", "SCREEN"), universe.clara, intracranial="Y")
    with pytest.raises(Refused, match=r"cannot be signed yet.*Intracranial"):
        sign(Matter(Scope.ELIGIBILITY, universe.responder), universe.ines)


def test_the_same_is_not_signed_twice_by_one_person(universe: Any, visit: Matter) -> None:
    sign(visit, universe.ines)
    with pytest.raises(Refused, match="You have signed exactly this already"):
        sign(visit, universe.ines)
    sign(visit, universe.hana)
    assert Signature.objects.filter(scope=Scope.VISIT).count() == 2


# --- the page -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-30", "RQ-32")
def test_the_page_signs_with_the_password_and_shows_the_manifestation(universe: Any, visit: Matter, at_the_page: Any) -> None:
    page = at_the_page(universe.ines, "sign-visit", visit.visit.pk).content.decode()
    signature = Signature.objects.get(scope=Scope.VISIT)
    assert signature.factors == "password"
    assert f"Signed: {signature.manifestation}. Code {signature.code}." in page
    assert signature.manifestation.startswith("Ines Farouk, Investigator, ")
    assert "Cairo (UTC+" in signature.manifestation
    assert signature.manifestation.endswith(": Review")


@pytest.mark.requirement("RQ-32", "RQ-37")
@pytest.mark.parametrize("name", ["sign-visit", "sign-eligibility", "sign-casebook"])
def test_a_wrong_password_signs_nothing_and_is_noted(universe: Any, visit: Matter, at_the_page: Any, name: str) -> None:
    key = visit.visit.pk if name == "sign-visit" else universe.responder.pk
    before = Signature.objects.count()
    page = at_the_page(universe.ines, name, key, password="wrong")
    assert "The password is not right. Nothing was done." in page.content.decode()
    assert Signature.objects.count() == before
    noted = AccessEntry.objects.filter(kind=AccessEntry.Kind.SIGNATURE_FAILED, user=universe.ines)
    assert noted.get().what.startswith("wrong password at ")


def test_a_visit_is_shown_whole_before_it_is_signed(universe: Any, visit: Matter, client_of: Any) -> None:
    html = client_of(universe.ines).get(reverse("sign-visit", args=[visit.visit.pk])).content.decode()
    for text in ("Platelets", "60 ×10⁹/L", "11.8 g/dL", "Version 1", "Meaning of your signature: <strong>Review</strong>"):
        assert text in html
    infusion = universe.record(universe.responder, "infusion", "LOAD").visit
    html = client_of(universe.ines).get(reverse("sign-visit", args=[infusion.pk])).content.decode()
    assert "Bags given" in html
    assert "MP-01-1" in html


# --- superseding --------------------------------------------------------------------------------------------------------


def newest(record: Any) -> AuditEntry:
    return AuditEntry.objects.filter(record=record.pk).exclude(table_name__startswith="signatures").earliest("-id")


@pytest.mark.requirement("RQ-33")
@pytest.mark.row("C3")
def test_any_change_of_what_is_covered_supersedes(universe: Any, visit: Matter, casebook: Matter) -> None:
    """A page, a question, its confirmation, a removal, a machine, and SQL by hand; always in the same transaction."""
    count = universe.record(universe.responder, "blood-count", "D3")

    def by_hand() -> None:
        with acting(universe.clara, "by hand"), connection.cursor() as cursor:
            cursor.execute("UPDATE assessments_bloodcount SET platelets = platelets + 1 WHERE record_id = %s", [count.pk])

    def question() -> None:
        with acting(universe.clara):
            Finding.objects.create(record=count, code="RANGE", item="platelets", message="?", value="1")

    changes: list[Callable[[], Any]] = [
        lambda: fill(FormRecord.objects.get(pk=count.pk), universe.clara, platelets=61),
        question,
        lambda: kernel.confirm_finding(finding=Finding.objects.get(record=count), explanation="so", by=universe.clara),
        by_hand,
    ]
    for change in changes:
        signature = sign(visit, universe.ines)
        last = AuditEntry.objects.latest("id").pk
        change()
        signature.refresh_from_db()
        first = AuditEntry.objects.filter(record=count.pk, id__gt=last).earliest("id")
        assert (signature.superseded_by, signature.superseded_at) == (first.pk, first.at)
        assert signature.what_superseded.startswith(f"Superseded by change {first.pk} on ")
    assert Signature.objects.filter(scope=Scope.VISIT).count() == 4, "the old ones stay"


@pytest.mark.requirement("RQ-33")
def test_what_is_not_covered_supersedes_nothing(universe: Any, visit: Matter) -> None:
    signature = sign(visit, universe.ines)
    fill(universe.record(universe.responder, "blood-count", "LOAD"), universe.clara, platelets=13)
    universe.clinic().log(universe.responder, "adverse-event", term="Headache")
    locks.freeze(target=universe.responder, reason="Cleaned", by=universe.dana)
    signature.refresh_from_db()
    assert signature.is_valid


@pytest.mark.requirement("RQ-33")
def test_a_lock_needs_signatures_and_leaves_them(universe: Any, visit: Matter) -> None:
    count = universe.record(universe.responder, "blood-count", "D3")
    assert locks.obstacles(count) == ["Blood count, Count day 3: not signed."]
    signature = sign(visit, universe.ines)
    locks.lock(target=count, reason="Final", by=universe.dana)
    locks.lift(target=count, reason="One value", by=universe.dana)
    signature.refresh_from_db()
    assert signature.is_valid
    fill(count, universe.clara, platelets=61)
    signature.refresh_from_db()
    assert not signature.is_valid
    with pytest.raises(Refused, match="not signed"):
        locks.lock(target=count, reason="Final", by=universe.dana)


@pytest.mark.requirement("RQ-28", "RQ-30")
def test_a_data_lock_is_signed_by_whoever_locks_after_the_lock(
    universe: Any, casebook: Matter, at_the_page: Any, settings: Any
) -> None:
    data_lock, child = Matter(Scope.LOCK, universe.responder), universe.responder
    accept(by=universe.dana)
    with pytest.raises(Refused, match="The casebook is not locked yet"):
        sign(data_lock, universe.dana)
    with acting(universe.dana, "Final"):
        Lock.objects.create(participant=child, kind=Lock.Kind.LOCKED, reason="Final", set_by=universe.dana)
    with pytest.raises(Refused, match="Only a data manager signs here"):
        sign(data_lock, universe.ines)
    [milestone] = [one for one in waiting_of([child])[0].milestones if one.title == "Data lock"]
    assert (milestone.state, milestone.door, milestone.right) == ("unsigned", "sign-lock", Can.FREEZE)
    code = code_at(settings.DEMO_TOTP_SECRET, step_now())
    html = at_the_page(universe.dana, "sign-lock", child.pk, code=code).content.decode()
    signature = Signature.objects.get(scope=Scope.LOCK)
    assert f"Signed: {signature.manifestation}" in html
    assert signature.manifestation.endswith("Data lock: complete, reviewed and final")
    assert (signature.role, signature.meaning) == ("Data manager", Meaning.LOCK)
    assert set(signature.manifest) == {str(record.pk) for record in casebook.records()}
    [waiting] = waiting_of([child])
    assert "signed" in [one.state for one in waiting.milestones if one.title == "Data lock"]
    assert waiting.unsigned, "a data lock does not replace the signature of an investigator"


@pytest.mark.requirement("RQ-33")
def test_the_trail_tells_signing_and_superseding(universe: Any, visit: Matter, casebook: Matter) -> None:
    sign(visit, universe.ines)
    read_all(casebook, universe.ines)
    fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, platelets=61)
    told = [one.sentence for one in story(universe.responder) if one.entry.table_name.startswith("signatures_")]
    assert "superseded the signature of Ines Farouk (Review), by change" in told[0]
    assert "when Clara Naguib (site coordinator) changed what was signed," in told[0]
    assert any("Ines Farouk (investigator) read Blood count, Loading dose before signing" in sentence for sentence in told)
    assert any("Ines Farouk (investigator) signed the visit “Count day 3”, 1 form: Review" in sentence for sentence in told)
    event = universe.clinic().log(universe.responder, "adverse-event", term="Fever", serious="Y").record
    sign(Matter(Scope.FORM, universe.responder, record=event), universe.ines)
    assert "signed Adverse event: Assessment of seriousness and causality" in story(universe.responder)[0].sentence
    sentences = [one.sentence for one in story(universe.responder)]
    assert any("signed the eligibility, 2 forms: Confirmation of eligibility" in sentence for sentence in sentences)


# --- by difference ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-26")
def test_what_was_never_read_is_not_signed_together_with_the_rest(universe: Any, casebook: Matter, client_of: Any) -> None:
    with pytest.raises(Refused, match=r"Please read first: .*Blood count, Loading dose"):
        sign(casebook, universe.ines)
    client = client_of(universe.ines)
    html = client.get(reverse("sign-casebook", args=[universe.responder.pk])).content.decode()
    assert "Sign</button>" not in html
    unread = paper_of(casebook, by=universe.ines, access=access_of(universe.ines)).unseen
    assert "screening" not in {leaf.record.form for leaf in unread}, "what was signed before is known"
    url = reverse("read-form", args=[unread[0].record.pk])
    done = reverse("sign-casebook", args=[universe.responder.pk])
    visits = 0
    while url != done:
        hash_shown = re.search(r'name="shown" value="([0-9a-f]{64})"', client.get(url).content.decode())
        url, visits = client.post(url, {"shown": hash_shown[1]}).headers["Location"], visits + 1
    assert visits == len({leaf.record.visit_id for leaf in unread}), "the forms of a visit are read together"
    assert "Sign</button>" in client.get(url).content.decode()
    client.post(reverse("read-form", args=[unread[0].record.pk]), {"shown": hash_shown[1]})
    assert Seen.objects.filter(record=unread[0].record).count() == 1, "noted once"


@pytest.mark.requirement("RQ-26")
def test_since_you_last_signed(universe: Any, casebook: Matter, client_of: Any, at_the_page: Any) -> None:
    """Each value that changed: old and new, who, why; then one signature for all of it."""
    read_all(casebook, universe.ines)
    first = sign(casebook, universe.ines)
    count = universe.record(universe.responder, "blood-count", "D3")
    saved = fill(count, universe.clara, reason="source", platelets=1200, haemoglobin="11.1")
    [finding] = saved.open_findings
    kernel.confirm_finding(finding=finding, explanation="Repeated by hand", by=universe.clara)
    html = client_of(universe.ines).get(reverse("sign-casebook", args=[universe.responder.pk])).content.decode()
    assert re.search(r"Since you last signed or read: [2-9] values changed", html)
    for text in ("<del>60 ×10⁹/L</del>", "<ins>1200 ×10⁹/L</ins>", "Clara Naguib (site coordinator)",
                 "New or corrected source document", "confirmed what stands in", "Repeated by hand"):  # fmt: skip
        assert text in html
    at_the_page(universe.ines, "sign-casebook", universe.responder.pk)
    second = Signature.objects.filter(scope=Scope.CASEBOOK).latest("signed_at")
    assert second.pk != first.pk
    assert second.is_valid
    html = client_of(universe.ines).get(reverse("sign-casebook", args=[universe.responder.pk])).content.decode()
    assert "Nothing that you know has changed" in html


def test_a_form_that_was_saved_again_without_a_change_is_named(universe: Any, casebook: Matter, client_of: Any) -> None:
    read_all(casebook, universe.ines)
    fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara)
    html = client_of(universe.ines).get(reverse("sign-casebook", args=[universe.responder.pk])).content.decode()
    assert "Saved again; every answer is the same." in html
    with pytest.raises(Refused, match="Something has changed since you opened this page"):
        actions.mark_seen(matter=casebook, shown="0" * 64, by=universe.ines)


@pytest.mark.requirement("RQ-26")
def test_milestones_and_unsigned_forms_are_listed(universe: Any, client_of: Any, casebook: Matter) -> None:
    event = universe.clinic().log(universe.responder, "adverse-event", term="Fever", serious="Y").record
    universe.clinic().log(universe.responder, "adverse-event", term="Headache", serious="N")
    kernel.change_state(participant=universe.responder, by=universe.ines, reason="ended", state="follow_up")
    pages = {who: client_of(getattr(universe, who)) for who in ("ines", "milo", "omar")}
    own = pages["ines"].get(reverse("signatures", args=[universe.responder.pk])).content.decode()
    for text in ("Eligibility", "Adverse event", "End of treatment", "forms without a valid signature", "Sign by difference"):
        assert text in own
    assert reverse("sign-form", args=[event.pk]) in own
    listed = pages["milo"].get(reverse("to-sign")).content.decode()
    assert universe.responder.number in listed
    assert universe.foreign.number in listed
    assert "Sign by difference" not in pages["milo"].get(reverse("signatures", args=[universe.responder.pk])).content.decode()
    assert universe.responder.number not in pages["omar"].get(reverse("to-sign")).content.decode()
    read_all(casebook, universe.ines)
    sign(casebook, universe.ines)
    sign(Matter(Scope.FORM, universe.responder, record=event), universe.ines)
    own = pages["ines"].get(reverse("signatures", args=[universe.responder.pk])).content.decode()
    assert "Every form that is filled is signed." in own
    assert "Waits for signature" not in own
    fill(event, universe.clara, term="High fever")
    own = pages["ines"].get(reverse("signatures", args=[universe.responder.pk])).content.decode()
    assert "Changed since signed" in own
    assert "Superseded by change" in own


def test_the_statement_of_a_page_without_work(universe: Any, client_of: Any) -> None:
    html = client_of(universe.samir).get(reverse("to-sign")).content.decode()
    assert "There is no child at your sites yet." in html
    assert PASSWORD not in html


def test_a_product_form_and_a_removed_one_are_not_read_here(universe: Any, client_of: Any) -> None:
    event = universe.clinic().log(universe.responder, "adverse-event", term="Fever").record
    kernel.remove_record(record=event, reason="mistake", by=universe.clara)
    lot = FormRecord.objects.filter(form="lot", site=universe.s1).first()
    for record in (event, lot):
        assert client_of(universe.ines).get(reverse("read-form", args=[record.pk])).status_code == 404
