"""Typed and not saved: kept for its typist alone, put together with what others saved, gone with the save."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from casebook import drafts
from casebook.actions import remove_record
from casebook.models import Draft, FormRecord
from dosing.crfs import Bag
from itp_trial import scope
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from tests.conformance.document import Document
from tests.input.conftest import Desk, at, count_of
from tests.strategies import as_posted


@pytest.fixture
def two(universe: Any, desk: Desk, desk_of: Any) -> tuple[Desk, Desk]:
    """Clara and Ines with the same form open."""
    return desk, desk_of(universe.ines, desk.record)


def keep(desk: Desk, version: int = 0, **answers: tuple[Any, Any]) -> Any:
    """As the script does: each answer as (seen, typed)."""
    body = {"version": version, "base": {n: seen for n, (seen, _) in answers.items()},
            "typed": {n: typed for n, (_, typed) in answers.items()}}  # fmt: skip
    return desk.client.post(reverse("draft", args=[desk.key]), json.dumps(body), "application/json")


def page(desk: Desk) -> Document:
    return Document(desk.client.get(desk.url).content.decode())


def as_browser(desk: Desk, **typed: str) -> dict[str, str]:
    """What a browser sends from the page as it is now, with these inputs changed."""
    shown = desk.client.get(desk.url).context["shown"]
    return {**as_posted(shown.form), "record-base": shown.base, **typed}


class TestKept:
    def test_it_is_there_again_and_said_to_be_a_draft(self, desk: Desk) -> None:
        answer = keep(desk, done=("", "Y"), platelets=("", "58")).json()
        assert answer["kept"] is True
        assert len(answer["at"]) == 5
        shown = page(desk)
        assert shown.value("platelets") == "58"
        assert shown.value("done") == "Y"
        [mark] = [e for e in shown.by_id("field-platelets").descendants("span") if "draft-mark" in e.attrs.get("class", "")]
        assert "draft, not saved" in mark.text
        assert not [e for e in shown.by_id("field-haemoglobin").descendants("span") if "draft" in e.attrs.get("class", "")]
        assert "is back; it is not saved yet" in shown.text

    def test_it_is_no_clinical_data(self, desk: Desk) -> None:
        trail = AuditEntry.objects.count()
        keep(desk, platelets=("", "58"))
        assert desk.record.version == 0
        assert AuditEntry.objects.count() == trail
        assert desk.client.get(desk.api).json()["answers"] == {}

    def test_nobody_else_sees_it(self, two: tuple[Desk, Desk]) -> None:
        clara, ines = two
        keep(clara, platelets=("", "58"))
        assert page(ines).value("platelets") == ""
        assert Draft.objects.get().user.username == "clara"

    def test_the_database_shows_it_to_its_site_alone(self, desk: Desk, universe: Any) -> None:
        keep(desk, platelets=("", "58"))
        counts = {}
        for site in (universe.s1, universe.s2):
            scope.open_sites(str(site.pk))
            counts[site.code] = Draft.objects.count()
        scope.open_sites(scope.EVERYWHERE)
        assert counts == {"01": 1, "02": 0}

    def test_two_windows_of_one_person_do_not_undo_each_other(self, desk: Desk) -> None:
        keep(desk, platelets=("", "58"))
        keep(desk, haemoglobin=("", "10.9"))
        assert Draft.objects.get().typed == {"platelets": "58", "haemoglobin": "10.9"}

    def test_typed_back_to_what_it_was_it_goes_away(self, desk: Desk) -> None:
        keep(desk, platelets=("", "58"))
        assert keep(desk, platelets=("", "")).json()["kept"] is False
        assert not Draft.objects.exists()

    def test_it_goes_with_the_save(self, desk: Desk, day: date) -> None:
        keep(desk, platelets=("", "58"))
        assert desk.post(as_browser(desk, **count_of(day, platelets="58"))).status_code == 302
        assert not Draft.objects.exists()

    def test_what_another_window_typed_into_another_question_stays(self, desk: Desk, day: date) -> None:
        first = as_browser(desk)
        keep(desk, platelets=("", "58"), haemoglobin=("", "10.9"))
        assert desk.post({**first, "done": "Y", "taken_at": at(day), "platelets": "58"}).status_code == 302
        assert Draft.objects.get().typed == {"haemoglobin": "10.9"}
        assert page(desk).value("haemoglobin") == "10.9"

    def test_lines_are_kept_too(self, universe: Any, desk_of: Any) -> None:
        infusion = desk_of(universe.clara, universe.record(universe.untreated, "infusion", "LOAD"))
        bag = Bag.objects.filter(crf__record__site=universe.s1, given=None).first()
        keep(infusion, bags=([], [{"id": "", "bag": str(bag.pk), "volume_ml": "50"}]), weight_kg=("", "18"))
        shown = page(infusion)
        assert (shown.value("bags-0-bag"), shown.value("bags-0-volume_ml")) == (str(bag.pk), "50")
        assert shown.inputs("bags-3-bag"), "and there are empty lines to go on with"

    def test_who_only_reads_keeps_nothing(self, universe: Any, desk_of: Any, desk: Desk) -> None:
        assert keep(desk_of(universe.milo, desk.record), platelets=("", "58")).status_code == 403
        assert not Draft.objects.exists()

    def test_a_removed_form_takes_no_draft(self, universe: Any, desk_of: Any) -> None:
        entry = universe.clinic().log(universe.untreated, "rescue", kind="ivig", started_on=universe.today).record
        remove_record(record=entry, reason="by mistake", by=universe.clara)
        answer = keep(desk_of(universe.clara, entry), kind=("ivig", "other"))
        assert answer.status_code == 422
        assert "was removed" in answer.json()["refused"]

    @pytest.mark.parametrize(
        "body",
        [b"", b"[]", b"{}", b'{"version": "0", "base": {}, "typed": {}}', b'{"version": 0, "base": {}, "typed": {"x": 1}}',
         b'{"version": 0, "base": {}, "typed": {"x": "\\u0000"}}', b'{"version": 0, "base": {}, "typed": {"x": [{"a": "1"}]}}',
         b'{"version": 0, "base": {}, "typed": {"x": [1]}}', b'{"version": -1, "base": {}, "typed": {}}', b"\xff",
         b'{"version": 0, "base": {}, "typed": {"x": {}}}'],
    )  # fmt: skip
    def test_what_is_no_draft_is_refused(self, desk: Desk, body: bytes) -> None:
        answer = desk.client.post(reverse("draft", args=[desk.key]), body, "application/json")
        assert answer.status_code == 422
        assert not Draft.objects.exists()

    def test_nobody_types_so_much(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drafts, "LARGEST_DRAFT", 100)
        assert keep(desk, platelets=("", "5" * 120)).status_code == 422
        assert keep(desk, platelets=("", "5" * 300)).status_code == 422
        assert not Draft.objects.exists()

    def test_a_question_that_is_gone_is_left_out(self, desk: Desk, universe: Any) -> None:
        """The form was changed since: what no longer exists cannot be shown, the rest is."""
        keep(desk, platelets=("", "58"), abolished=("", "x"))
        assert page(desk).value("platelets") == "58"


class TestMeanwhileSomebodySaved:
    """C1: fields that do not collide are put together; where they collide both stand there and a person chooses."""

    def test_the_script_hears_of_it(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        clara.post(count_of(day))
        assert keep(ines, haemoglobin=("", "10.9")).json()["meanwhile"].startswith("Clara Naguib saved this form meanwhile")

    @pytest.mark.row("C1")
    def test_different_questions_are_put_together(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        opened = as_browser(ines, leukocytes="8")
        assert clara.post(as_browser(clara, **count_of(day))).status_code == 302
        answer = ines.post(opened, follow=True)
        assert answer.status_code == 200
        assert "their answers and yours are put together" in answer.content.decode()
        stored = ines.stored
        assert (stored["platelets"], stored["leukocytes"]) == (85, 8)
        assert ines.record.version == 2

    @pytest.mark.row("C1")
    def test_the_same_question_is_asked_about(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        opened = as_browser(ines, done="Y", platelets="58", leukocytes="8")
        clara.post(as_browser(clara, **count_of(day, platelets="85")))
        answer = ines.post(opened)
        assert answer.status_code == 409
        [one] = answer.context["shown"].collisions
        assert (one.label, one.theirs, one.yours) == ("Platelets", "85 ×10⁹/L", "58 ×10⁹/L")
        assert ines.stored["platelets"] == 85, "nothing is overwritten"
        shown = Document(answer.content.decode())
        assert (shown.value("platelets"), shown.value("leukocytes"), shown.value("haemoglobin")) == ("58", "8", "11.8")
        again = {**as_posted(answer.context["form"]), "record-base": answer.context["shown"].base, "change-reason": "source"}
        assert ines.post(again).status_code == 409, "without a choice nothing is saved"
        assert ines.post({**again, "choice-platelets": "theirs"}).status_code == 302
        assert [ines.stored[name] for name in ("platelets", "leukocytes")] == [85, 8]

    def test_mine_replaces_theirs_with_a_reason(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        opened = as_browser(ines, done="Y", platelets="58")
        clara.post(as_browser(clara, **count_of(day, platelets="85")))
        answer = ines.post(opened)
        again = {**as_posted(answer.context["form"]), "record-base": answer.context["shown"].base, "choice-platelets": "mine"}
        assert ines.post(again).status_code == 422, "a stored answer changes: why?"
        assert ines.post({**again, "change-reason": "source"}).status_code == 302
        assert ines.stored["platelets"] == 58

    def test_a_choice_counts_for_what_was_shown_with_it(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        opened = as_browser(ines, done="Y", platelets="58")
        clara.post(as_browser(clara, **count_of(day, platelets="85")))
        answer = ines.post(opened)
        again = {**as_posted(answer.context["form"]), "record-base": answer.context["shown"].base, "choice-platelets": "theirs"}
        clara.post(as_browser(clara, platelets="86", **{"change-reason": "typing"}))
        assert ines.post({**again, "change-reason": "source"}).status_code == 409
        assert ines.stored["platelets"] == 86

    def test_a_draft_that_comes_back_is_put_together_too(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        keep(ines, platelets=("", "58"), leukocytes=("", "8"))
        clara.post(as_browser(clara, **count_of(day, platelets="85")))
        answer = ines.client.get(ines.url)
        [one] = answer.context["shown"].collisions
        assert (one.theirs, one.yours) == ("85 ×10⁹/L", "58 ×10⁹/L")
        assert json.loads(answer.context["shown"].base)["platelets"] == "", "it stays in dispute until somebody chooses"
        shown = Document(answer.content.decode())
        assert (shown.value("leukocytes"), shown.value("haemoglobin")) == ("8", "11.8")

    def test_lines_are_one_answer(self, universe: Any, desk_of: Any) -> None:
        record = FormRecord.objects.get(site=universe.s1, form="lot")
        first, second = desk_of(universe.pia, record), desk_of(universe.pia, record)
        opened = as_browser(second)
        new = int(opened["bags-count"]) - 1
        assert first.post(as_browser(first, **{f"bags-{new}-label": "NEW", f"bags-{new}-volume_ml": "100"})).status_code == 302
        mine = {**opened, f"bags-{new}-label": "OTHER", f"bags-{new}-volume_ml": "90"}
        answer = second.post(mine)
        assert answer.status_code == 409
        [one] = answer.context["shown"].collisions
        assert one.label == "Bags"
        assert "NEW, 100" in one.theirs
        assert "OTHER, 90" in one.yours
        elsewhere = {**opened, "donations": "21", "change-reason": "typing"}
        assert second.post(elsewhere).status_code == 302, "who touched no line keeps theirs"
        assert Bag.objects.filter(crf__record=record, label="NEW").exists()

    def test_a_name_that_is_no_item_is_still_refused(self, two: tuple[Desk, Desk], day: date) -> None:
        clara, ines = two
        opened = as_browser(ines, leukocytes="8", no_such="1")
        clara.post(as_browser(clara, **count_of(day)))
        assert ines.post(opened).status_code == 422

    @pytest.mark.parametrize("base", ["", "nonsense", "[]", "1"])
    def test_without_knowing_what_was_seen_every_difference_is_shown(
        self,
        two: tuple[Desk, Desk],
        day: date,
        base: str,
    ) -> None:
        clara, ines = two
        clara.post(count_of(day))
        assert ines.post(count_of(day, leukocytes="8", **{"record-base": base})).status_code == 409

    def test_somebody_saves_in_the_very_moment(self, two: tuple[Desk, Desk], day: date, monkeypatch: Any) -> None:
        """Between reading and locking: the save is put together once more instead of being turned away."""
        clara, ines = two
        opened, theirs = as_browser(ines, leukocytes="8"), as_browser(clara, **count_of(day))
        honest, waiting = drafts.merged, [theirs]

        def slow(crf: Any, data: Any) -> Any:
            result = honest(crf, data)
            if waiting and "clara" not in str(data):
                clara.post(waiting.pop())
            return result

        monkeypatch.setattr(drafts, "merged", slow)
        assert ines.post(opened).status_code == 302
        assert ines.record.version == 2


def test_a_line_of_another_form_is_refused(universe: Any, desk_of: Any) -> None:
    """A key posted by hand is no new line: neither stored nor taken over."""
    foreign = FormRecord.objects.get(site=universe.s2, form="lot").crf().bags.first()
    desk = desk_of(universe.pia, FormRecord.objects.get(site=universe.s1, form="lot"))
    posted = as_browser(desk)
    new = int(posted["bags-count"]) - 1
    answer = desk.post({**posted, f"bags-{new}-id": str(foreign.pk), f"bags-{new}-label": "X", f"bags-{new}-volume_ml": "50"})
    assert answer.status_code == 422
    assert "does not belong to this form" in answer.content.decode()


def test_the_key_of_local_copies_is_one_s_own(universe: Any) -> None:
    keys = {drafts.local_key(person) for person in (universe.clara, universe.ines)}
    assert len(keys) == 2
    assert all(len(key) == 64 for key in keys)
    assert drafts.local_key(universe.clara) in keys, "the same at the next sign-in"


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(Refused, match="too much"):
        drafts.read_draft(b"x" * (2 * drafts.LARGEST_DRAFT + 1))


def test_drafts_leave_with_no_export(universe: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_policies WHERE tablename = 'casebook_draft'")
        assert cursor.fetchone() == (1,), "and the wall between the sites stands around them"
