"""What the vault holds stands in no answer, file, mail or log, except on the opened page of the vault."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casebook import reminders
from identity.actions import keep_identity
from identity.details import Details
from itp_trial.checking import anchor, verify_and_remember
from itp_trial.log_lines import OneLine
from itp_trial.models import Site
from tests.abuse.conftest import addresses

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-68"), pytest.mark.row("A1", "A4", "W14")]

CANARY = "قناري"
LATIN = "KANARI"
FAMILY = Details(f"{CANARY} {LATIN} عبد الله", f"{CANARY} سمير", "2017-02-11", f"{LATIN} mother", "+20 10 01239876", "",
                 f"{CANARY} {LATIN} street", f"{LATIN} note")  # fmt: skip
#: Also as JSON and addresses write it.
WORDS = [CANARY, LATIN, "01239876", ascii(CANARY)[1:-1], "%D9%82%D9%86%D8%A7", "قنار"]


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def families(universe: Any) -> Any:
    for child, by in (
        (universe.responder, universe.clara),
        (universe.untreated, universe.clara),
        (universe.foreign, universe.otto),
    ):
        keep_identity(participant=child, details=FAMILY, version=0, by=by)
    return universe


def told_in(body: bytes | str) -> list[str]:
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    return [word for word in WORDS if word in text]


def test_the_opened_page_holds_them(families: Any, client_of: Callable[[Any], Client]) -> None:
    """The self-test: the search is not blind."""
    page = client_of(families.clara).post(reverse("look-at-identity", args=[families.responder.pk]), {"why": "call"})
    assert {CANARY, LATIN, "01239876"} <= set(told_in(page.content))


@pytest.mark.parametrize("who", ["clara", "ines", "hana", "milo", "dana", "nora", "adam", "sami", "otto"])
def test_no_address_tells_who_a_family_is(
    families: Any, client_of: Callable[[Any], Client], logged: io.StringIO, who: str
) -> None:
    client = client_of(getattr(families, who))
    child, site = (families.foreign, "02") if who == "otto" else (families.responder, "01")
    for name, address in addresses(families, child, Site.objects.get(code=site)).items():
        answer = client.get(address)
        assert not told_in(answer.content) + told_in(str(answer.headers)), name
    assert not told_in(logged.getvalue())


def test_no_copy_of_a_site_holds_them(families: Any, client_of: Callable[[Any], Client]) -> None:
    posted = {"site": "01", "purpose": "site-copy", "pdfs": "1"}
    answer = client_of(families.ines).post(reverse("download-copy"), posted)
    files = zipfile.ZipFile(io.BytesIO(answer.content))
    assert len(files.namelist()) > 10
    for name in files.namelist():
        assert not told_in(name) + told_in(files.read(name)), name


def test_no_mail_holds_them(families: Any, mailoutbox: list[Any], tmp_path: Any, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    reminders.sweep(timezone.localdate())
    reminders.drain()
    anchor(verify_and_remember())
    assert mailoutbox
    assert not [mail.subject for mail in mailoutbox if told_in(str(mail.message()) + mail.subject + mail.body)]
