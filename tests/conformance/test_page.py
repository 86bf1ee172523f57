"""The page of every form: it opens for whoever may see it, says everything once, and can be used without a mouse or eyes."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from casebook.actions import save_form
from casebook.crf import Crf
from casebook.forms import CrfForm
from tests.conformance.conftest import Subject
from tests.conformance.document import Document
from tests.strategies import as_posted, fullest_answers

STATES = ("empty", "filled", "refused", "stale")


@pytest.fixture(params=STATES)
def page(request: pytest.FixtureRequest, subject: Subject, client_of: Any) -> Document:
    """The page in each of the states in which somebody meets it."""
    client = client_of(subject.editor)
    if request.param == "empty":
        answer = client.get(subject.url)
    else:
        answer = client.post(subject.url, {**_filled(subject), "record-version": "0"})
        assert answer.status_code == 302, answer.context and answer.context["form"].errors
        answer = client.get(subject.url)
    if request.param == "refused":
        wrong = dict.fromkeys(subject.record.crf_class.asked_items(), "\x07")
        answer = client.post(subject.url, {**as_posted(CrfForm(subject.fresh.crf())), **wrong})
        assert answer.status_code == 422
    if request.param == "stale":
        answer = client.post(subject.url, {**as_posted(CrfForm(subject.fresh.crf())), "record-version": "0"})
        assert answer.status_code == 409
    return Document(answer.content.decode())


def _filled(subject: Subject) -> dict[str, str]:
    return fullest_answers(subject.record)


def every_control_has_a_name(crf: type[Crf], page: Document) -> None:
    nameless = [e for e in page.controls() if not page.accessible_name(e)]
    assert not nameless, [(e.tag, e.attrs) for e in nameless]


def ids_are_unique_and_references_lead_somewhere(crf: type[Crf], page: Document) -> None:
    ids = Counter(e.attrs["id"] for e in page.elements if "id" in e.attrs)
    assert [key for key, count in ids.items() if count > 1] == []
    for element in page.elements:
        for attribute in ("for", "aria-describedby", "aria-labelledby", "list"):
            for key in element.attrs.get(attribute, "").split():
                assert key in ids, f"{attribute}={key} leads nowhere"
        if element.tag == "a" and element.attrs.get("href", "").startswith("#"):
            assert element.attrs["href"][1:] in ids, element.attrs["href"]


def there_is_one_heading_and_a_language(crf: type[Crf], page: Document) -> None:
    assert len(page.all("h1")) == 1
    assert page.all("html")[0].attrs["lang"] == "en"
    assert page.all("title")[0].text
    assert len(page.all("main")) == 1


def nothing_runs_or_loads_from_inside_the_page_or_from_elsewhere(crf: type[Crf], page: Document) -> None:
    assert not page.all("style")
    assert not [e for e in page.all("script") if e.text or "src" not in e.attrs]
    for element in page.elements:
        assert not [name for name in element.attrs if name.startswith("on") or name == "style"], element.attrs
        for attribute in ("src", "href", "action", "data", "formaction", "srcset", "poster"):
            target = element.attrs.get(attribute, "")
            assert not re.match(r"(?i)([a-z]+:|//)", target), f"{element.tag} {attribute}={target}"


def every_item_is_asked_exactly_once(crf: type[Crf], page: Document) -> None:
    for name, item in crf.items().items():
        inputs = [e for e in page.inputs(name) if e.attrs.get("type") != "radio"]
        radios = [e for e in page.inputs(name) if e.attrs.get("type") == "radio"]
        assert len(inputs) + bool(radios) == (0 if item.derived else 1), name
        names = {page.accessible_name(e) for e in page.inputs(name)}
        assert item.label.split(":")[0] in page.text or item.label in names, f"{name} is asked by its label"


def every_code_can_be_chosen(crf: type[Crf], page: Document) -> None:
    for name, item in crf.asked_items().items():
        if item.kind == "code":
            offered = {e.attrs.get("value") for e in page.inputs(name)} | {
                e.attrs.get("value") for select in page.inputs(name) for e in select.descendants("option")
            }
            assert {str(code) for code, _ in item.flatchoices} <= offered, name


def a_missing_value_can_be_explained(crf: type[Crf], page: Document) -> None:
    for name, item in crf.asked_items().items():
        marks = {e.attrs.get("value") for select in page.inputs(name) for e in select.descendants("option")}
        explained = bool(page.inputs(f"{name}__missing")) or "~ND" in marks
        assert explained or item.optional, name


#: What holds for the page of every form in every state. One page is made for all of them.
HOLDS = (
    every_control_has_a_name,
    ids_are_unique_and_references_lead_somewhere,
    there_is_one_heading_and_a_language,
    nothing_runs_or_loads_from_inside_the_page_or_from_elsewhere,
    every_item_is_asked_exactly_once,
    every_code_can_be_chosen,
    a_missing_value_can_be_explained,
)


@pytest.mark.row("W3")
def test_the_page_of_a_form(crf: type[Crf], page: Document) -> None:
    for holds in HOLDS:
        holds(crf, page)


def test_what_the_page_shows_is_what_a_browser_would_send(crf: type[Crf], subject: Subject, client_of: Any) -> None:
    """The stored answers stand in the inputs: reading the page and posting it changes nothing."""
    form = CrfForm(subject.record.crf(), {**_filled(subject), "record-version": "0"})
    assert form.is_valid()
    save_form(form=form, by=subject.editor)
    page = Document(client_of(subject.editor).get(subject.url).content.decode())
    before = subject.fresh.crf()
    names = {e.attrs["name"] for e in page.all("input", "select", "textarea") if e.attrs.get("name")}
    posted = {name: page.value(name) for name in names - {"csrfmiddlewaretoken", "explanation", "reason"}}
    again = CrfForm(subject.fresh.crf(), posted)
    assert again.is_valid(), again.errors
    assert again.crf.answers() == before.answers()
    assert again.crf.missing == before.missing
    assert not again.changes_answers


def test_a_reader_sees_everything_and_can_change_nothing(crf: type[Crf], subject: Subject, client_of: Any) -> None:
    form = CrfForm(subject.record.crf(), {**_filled(subject), "record-version": "0"})
    assert form.is_valid()
    save_form(form=form, by=subject.editor)
    answer = client_of(subject.reader).get(subject.url)
    assert answer.status_code == 200
    page = Document(answer.content.decode())
    for name in crf.asked_items():
        assert page.inputs(name), f"{name} can be read"
        assert all(page.is_disabled(e) for e in page.inputs(name)), f"{name} cannot be changed"
    assert "your role does not enter data here" in page.text
    form_of_answers = next(e for e in page.all("form") if "data-record" in e.attrs)
    buttons = [e for e in page.all("button") if form_of_answers in e.ancestors()]
    assert not [e for e in buttons if not page.is_disabled(e)]


def test_typed_text_is_never_lost(crf: type[Crf], subject: Subject, client_of: Any) -> None:
    """Whatever is typed, however wrong, stands in the page that refuses it."""
    typed = {
        name: f"<b>~{index} ٣ \"quoted\" & 'more' 1e3</b>"
        for index, (name, item) in enumerate(crf.asked_items().items())
        if item.kind not in ("code", "reference")
    }
    answer = client_of(subject.editor).post(subject.url, {"record-version": "0", "no_such_item": "x", **typed})
    assert answer.status_code == 422
    page = Document(answer.content.decode())
    for name, text in typed.items():
        assert page.value(name) == text, name
    assert not page.all("b"), "and it is text, not markup"
