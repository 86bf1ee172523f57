"""Texts that attack whoever reads them: script in pages (W3), formulas in tables (W5)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from itp_trial.actor import acting
from itp_trial.formulas import FORMULA_STARTS, disarmed
from itp_trial.models import Site, User
from reports.files import form_files
from tests.abuse.conftest import MACHINE, addresses, write_everywhere
from tests.conformance.document import Document
from tests.input.conftest import count_of

pytestmark = pytest.mark.django_db

# --- W3 ---------------------------------------------------------------------------------------------------------------

#: Markup for the text between tags, for attributes in either quotes, for scripts, styles, addresses and templates.
SCRIPTS = (
    "<x-evil>1</x-evil>", "<script>evil()</script>", '"><x-evil onevil="evil()">', "'><x-evil onevil='evil()'>",
    "</textarea></title></script><x-evil>", "<img src=x onerror=evil()>", "<svg onload=evil()>", "javascript:evil()",
    "{{ evil }}{% evil %}${evil()}", "-->]]><x-evil>", "&lt;x-evil&gt;", '" onevil="evil()', "' onevil='evil()",
    "\\u003cx-evil\\u003e",
)  # fmt: skip


@pytest.fixture
def poisoned(universe: Any) -> Any:
    """Every text of site 01, and the names around it, hold all of them."""
    write_everywhere(universe, "01", lambda place: f"{place} {' '.join(SCRIPTS)}")
    with acting(MACHINE, "Words"):
        User.objects.filter(pk=universe.clara.pk).update(full_name=SCRIPTS[0] + SCRIPTS[2])
        Site.objects.filter(pk=universe.s1.pk).update(name=SCRIPTS[0] + SCRIPTS[2] + SCRIPTS[5])
    return universe


def foreign_markup(html: str) -> list[str]:
    """What the texts made of the page, if anything. Raises where the page does not parse."""
    page = Document(html)
    found = [f"<{element.tag}>" for element in page.elements if element.tag == "x-evil"]
    found += [f"{element.tag}: {name}" for element in page.elements for name in element.attrs if name.startswith("on")]
    found += [f"{element.tag}: {value[:30]}" for element in page.elements for name, value in element.attrs.items()
              if name in ("href", "src", "action", "formaction") and value.strip().lower().startswith("javascript")]  # fmt: skip
    return found + [element.tag for element in page.all("script", "style", "iframe", "object", "embed") if element.text.strip()]


@pytest.mark.row("W3")
def test_the_search_for_markup_is_not_blind() -> None:
    assert foreign_markup("<p><x-evil></x-evil></p>")
    assert foreign_markup('<a onclick="x">y</a>')
    assert foreign_markup('<a href="javascript:x">y</a>')
    assert foreign_markup("<script>x</script>")


@pytest.mark.row("W3")
@pytest.mark.parametrize("who", ["clara", "milo", "adam", "hana"])
def test_texts_stay_texts_on_every_page(poisoned: Any, client_of: Callable[[User], Client], who: str) -> None:
    client, shown = client_of(getattr(poisoned, who)), ""
    for name, address in addresses(poisoned, poisoned.responder, poisoned.s1).items():
        answer = client.get(address)
        assert answer.status_code < 500, name
        assert "unsafe" not in answer.headers["Content-Security-Policy"], name
        if "html" in answer.headers["Content-Type"] and name != "api-docs":
            html = answer.content.decode()
            assert not foreign_markup(html), name
            shown += Document(html).text
        elif name.endswith("casebook-pdf") and answer.status_code == 200:
            printed = answer.content.decode().removeprefix("%PDF-")
            # The drawing of the course has a style of its own; nothing of what people write is in it.
            assert not [found for found in foreign_markup(printed) if found != "style"], name
    assert "<x-evil>" in shown, "and people read what was typed"


@pytest.mark.row("W3")
def test_what_was_refused_comes_back_as_text(universe: Any, client_of: Callable[[User], Client]) -> None:
    client = client_of(universe.clara)
    url = reverse("record", args=[universe.record(universe.untreated, "blood-count", "LOAD").pk])
    for script in SCRIPTS:
        for posted in ({"platelets": script}, {script[:60]: "1"}, {"change-reason": script, "done": script}):
            answer = client.post(url, {**count_of(universe.today), **posted})
            assert answer.status_code == 422
            assert not foreign_markup(answer.content.decode()), script
        for address in (f"/{quote(script)}", f"{reverse('participants')}?q={quote(script)}", f"/sign-in/?next={quote(script)}"):
            assert not foreign_markup(Client().get(address, secure=True, follow=True).content.decode())


# --- W5 ---------------------------------------------------------------------------------------------------------------

FORMULAS = (
    "=1+1",
    "+1",
    "-1+1",
    "@x",
    "\t=1",
    "\r=1",
    '"=1',
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "'=1",
    "''x",
    '=HYPERLINK("http://evil")',
)


@pytest.mark.row("W5")
@pytest.mark.parametrize("first", range(3))
def test_no_cell_for_excel_begins_like_a_formula(universe: Any, client_of: Callable[[User], Client], first: int) -> None:
    """In every file, in every text; one apostrophe less and the text is as it was typed; numbers are as they were.

    One formula after the other stands in one place after the other, each time beginning with another one.
    """
    formulas = islice(cycle(FORMULAS), 5 * first, None)
    write_everywhere(universe, "01", lambda place: next(formulas))
    client, seen = client_of(universe.ines), set()
    files = [reverse("form-csv", args=[file.slug]) for file in form_files() if not file.slug.startswith("lot-")]
    for address in [*files, reverse("casebook-csv", args=[universe.responder.pk])]:
        plain, excel = (list(csv.reader(io.StringIO(client.get(f"{address}{query}").content.decode("utf-8-sig"), newline="")))
                        for query in ("?purpose=analysis", "?purpose=analysis&for=excel"))  # fmt: skip
        for before, after in zip(plain[1:], excel[1:], strict=True):
            for typed, cell in zip(before, after, strict=True):
                seen |= {typed} & set(FORMULAS)
                assert not cell.startswith(FORMULA_STARTS[:-1]) or re.fullmatch(r"-?[0-9.]+", cell), cell
                assert cell in (typed, f"'{typed}")
                assert typed not in FORMULAS or cell.removeprefix("'") in (typed, typed.removeprefix("'"))
    assert seen == set(FORMULAS)


@pytest.mark.row("W5")
def test_the_guard_can_be_taken_off_again() -> None:
    texts = [*FORMULAS, "plain", "'", "", "it's", *FORMULA_STARTS]
    assert [disarmed(text).removeprefix("'") if disarmed(text).startswith("'") else text for text in texts] == texts
    assert len({disarmed(text) for text in texts}) == len(set(texts))
