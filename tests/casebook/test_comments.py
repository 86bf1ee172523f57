"""Words beside a question: they stay, change no answer, and are read wherever the form is read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from casebook.actions import remove_record
from casebook.comments import add_comment
from casebook.locks import freeze
from casebook.models import Comment, FormRecord
from itp_trial.models import AuditEntry
from itp_trial.refusal import Refused
from reports.pdf import casebook_html
from signatures.models import Signature
from tests.conformance.document import Document

pytestmark = pytest.mark.django_db
FRAGMENT = {"X-Fragment": "1"}
WORDS = "Second try: the first tube had clotted."


@pytest.fixture
def count(universe: Any) -> FormRecord:
    return universe.record(universe.responder, "blood-count", "LOAD")


def address(record: FormRecord, item: str = "platelets") -> str:
    return reverse("comment", args=[record.pk, item])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", Document(answer.content.decode()).text)


def test_it_stands_beside_its_question_and_changes_nothing(universe: Any, count: FormRecord, client_of: Any) -> None:
    before = count.crf().answers()
    client = client_of(universe.clara)
    answer = client.post(address(count), {"text": f"  {WORDS} "}, headers=FRAGMENT, follow=True)
    assert WORDS in text_of(answer)
    assert "Clara Naguib" in text_of(answer)
    assert "Cairo" in text_of(answer)
    assert WORDS not in text_of(client.get(reverse("item-history", args=[count.pk, "haemoglobin"]), headers=FRAGMENT))
    count.refresh_from_db()
    assert (count.version, count.crf().answers()) == (1, before)
    assert not Signature.objects.exclude(superseded_by=None).filter(participant=count.participant).exists()


def test_the_page_of_the_form_and_of_the_visit_show_how_many(universe: Any, count: FormRecord, client_of: Any) -> None:
    for text in (WORDS, "And the second was fine."):
        add_comment(record=count, item="platelets", text=text, by=universe.clara)
    for url in (reverse("record", args=[count.pk]), reverse("visit", args=[count.visit_id])):
        page = Document(client_of(universe.milo).get(url).content.decode())
        links = [a.attrs for a in page.all("a") if a.attrs.get("class") == "past-link" and str(count.pk) in a.attrs["href"]]
        assert [a["aria-label"] for a in links if "comment" in a["aria-label"]] == ["History of Platelets, 2 comments"]


def test_a_line_has_its_own_thread(universe: Any, client_of: Any) -> None:
    infusion = universe.record(universe.responder, "infusion", "LOAD")
    first, *_ = infusion.crf_class.row_models[0].objects.filter(crf=infusion.crf())
    url = address(infusion, "bags-volume_ml") + f"?row={first.pk}"
    assert WORDS in text_of(client_of(universe.clara).post(url, {"text": WORDS}, headers=FRAGMENT, follow=True))
    assert Comment.objects.get().line == str(first.pk)
    for wrong in (address(infusion, "bags-volume_ml"), url[:-4] + "0000", url[:-4] + "zzzz", address(infusion, "no-such-item")):
        assert client_of(universe.clara).post(wrong, {"text": WORDS}).status_code == 404
    assert Comment.objects.count() == 1
    for spelled in (str(first.pk).upper(), first.pk.hex, f"{{{first.pk}}}"):
        client_of(universe.clara).post(address(infusion, "bags-volume_ml") + f"?row={spelled}", {"text": "Again"})
    assert set(Comment.objects.values_list("line", flat=True)) == {str(first.pk)}, "one thread, however the key is written"


def test_a_computed_answer_shows_its_comments(universe: Any, client_of: Any) -> None:
    infusion = universe.record(universe.responder, "infusion", "LOAD")
    item = next(item for item in infusion.crf_class.items().values() if item.derived)
    add_comment(record=infusion, item=item.name, text=WORDS, by=universe.clara)
    page = client_of(universe.clara).get(reverse("record", args=[infusion.pk])).content.decode()
    assert f"History of {item.label}, 1 comment" in page


def test_a_form_that_is_not_saved_yet_can_be_commented_on(universe: Any, client_of: Any) -> None:
    """“Too restless to be weighed” comes before the answer."""
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    add_comment(record=record, item="platelets", text=WORDS, by=universe.clara)
    assert "1 comment" in client_of(universe.clara).get(reverse("record", args=[record.pk])).content.decode()


@pytest.mark.parametrize(
    ("text", "why"), [("  ", "Please write the comment."), ("x" * 501, "at most 500 characters; these are 501")]
)
def test_what_cannot_be_kept_comes_back_as_typed(universe: Any, count: FormRecord, client_of: Any, text: str, why: str) -> None:
    answer = client_of(universe.clara).post(address(count), {"text": text}, headers=FRAGMENT)
    assert (answer.status_code, Comment.objects.count()) == (422, 0)
    assert why in text_of(answer)
    assert text in answer.content.decode()


def test_sent_twice_it_stands_there_once(universe: Any, count: FormRecord, client_of: Any) -> None:
    for _ in range(2):
        client_of(universe.clara).post(address(count), {"text": WORDS, "idempotency-key": "one"})
    assert Comment.objects.count() == 1


def test_who_only_reads_sees_no_box(universe: Any, count: FormRecord, client_of: Any) -> None:
    page = client_of(universe.milo).get(reverse("item-history", args=[count.pk, "platelets"])).content.decode()
    assert "Add comment" not in page


def test_a_closed_or_removed_form_takes_none(universe: Any, count: FormRecord, client_of: Any) -> None:
    freeze(target=count, reason="Cleaned", by=universe.dana)
    page = client_of(universe.clara).get(reverse("item-history", args=[count.pk, "platelets"])).content.decode()
    assert "Add comment" not in page
    with pytest.raises(Refused, match=r"This form is frozen since .* Nothing was saved"):
        add_comment(record=count, item="platelets", text=WORDS, by=universe.clara)
    rescue = universe.clinic().log(universe.responder, "rescue", kind="corticosteroid", started_on=universe.today, ongoing="Y",
                                   dose="2 mg/kg", why="Low count").record  # fmt: skip
    remove_record(record=rescue, reason="Wrong child", by=universe.clara)
    rescue.refresh_from_db()
    with pytest.raises(Refused, match="was removed"):
        add_comment(record=rescue, item="kind", text=WORDS, by=universe.clara)


def test_it_is_written_once_and_told_in_the_trail(universe: Any, count: FormRecord, client_of: Any) -> None:
    said = add_comment(record=count, item="platelets", text=WORDS, by=universe.clara)
    for act in (lambda: Comment.objects.filter(pk=said.pk).update(text="x"), said.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    entry = AuditEntry.objects.get(table_name="casebook_comment")
    assert (entry.operation, entry.record, entry.participant) == ("INSERT", count.pk, count.participant_id)
    trail = client_of(universe.milo).get(reverse("trail", args=[count.participant_id]) + "?kind=comments")
    assert f"commented on “Platelets” in Blood count, Loading dose: “{WORDS}”" in text_of(trail)


def test_it_is_in_the_print_and_in_the_api(universe: Any, count: FormRecord, client_of: Any) -> None:
    add_comment(record=count, item="platelets", text=WORDS, by=universe.clara)
    assert f"Comment at “Platelets”: {WORDS} (Clara Naguib," in re.sub(r"</?strong>", "", casebook_html(count.participant))
    [comment] = client_of(universe.milo).get(reverse("api-record", args=[count.pk])).json()["comments"]
    assert {name: comment[name] for name in ("item", "line", "kind", "text", "said_by")} == {
        "item": "platelets", "line": None, "kind": "words", "text": WORDS, "said_by": "clara"}  # fmt: skip
