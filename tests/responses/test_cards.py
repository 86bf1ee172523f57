"""The cards of the dashboard: clocks, signature, consent over time, blood group and freezer, and the second of the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.urls import reverse

from enrollment.reconsent import register_consent_version
from tests.access.conftest import reported
from tests.responses.test_pages import page, queries


def words_of(html: str, title: str) -> str:
    """The text of one card, without markup."""
    card = next(part for part in html.split("<section ") if f'aria-labelledby="{title}"' in part[:200])
    return " ".join(re.sub(r"<[^>]+>", " ", card.split("</section>")[0].partition(">")[2]).split())


def test_the_clocks_of_a_serious_event_stand_on_top(universe: Any, client_of: Callable[[Any], Any]) -> None:
    client = client_of(universe.clara)
    assert "Clocks" not in words_of(page(client, universe.responder), "safety-title")
    before = queries(client, reverse("participant", args=[universe.responder.pk]))
    event = reported(universe, universe.responder, "serious event")
    html = page(client, universe.responder)
    safety = words_of(html, "safety-title")
    assert safety.index("Notice, with the protective measures taken") < safety.index("All information, data and reports")
    assert "to Sponsor" in safety
    assert reverse("safety-event", args=[event]) in html
    assert queries(client, reverse("participant", args=[universe.responder.pk])) - before == 4, "none without a serious event"


def test_what_waits_for_a_signature_is_shown_to_who_signs(universe: Any, client_of: Callable[[Any], Any]) -> None:
    event = reported(universe, universe.responder, "serious event")
    html = page(client_of(universe.ines), universe.responder)
    assert reverse("sign-form", args=[event]) in html
    assert reverse("sign-eligibility", args=[universe.responder.pk]) not in html, "it is signed"
    assert re.search(r"\d+ saved forms without a valid signature", words_of(html, "sign-title"))
    assert reverse("sign-eligibility", args=[universe.screening.pk]) not in page(client_of(universe.clara), universe.screening)


def test_the_consent_card_tells_the_whole_story(universe: Any, client_of: Callable[[Any], Any]) -> None:
    child, today = universe.responder, universe.today
    register_consent_version(site=universe.s1, version="3.0", approved_on=today, from_day=today, reference="REC-7",
                             asks_again=True, by=universe.hana)  # fmt: skip
    client = client_of(universe.clara)
    card = words_of(page(client, child), "consent-title")
    assert "Consent to version 3.0 is due: Count day 12-14" in card
    assert "mother consented, father" in card
    task = child.records.get(form="re-consent")
    universe.fill(task, universe.clara, consented_at=f"{today:%d/%m/%Y} 00:01", version="3.0", mother="refused", guardian="Y")
    universe.clinic().log(child, "withdrawal", withdrawn_on=today, by_whom="mother", treatment="N", follow_up="N", data_use="N",
                          samples="Y", informed="Y")  # fmt: skip
    html = page(client, child)
    card = words_of(html, "consent-title")
    assert "is due" not in card
    assert card.index("Consent to a new version, version 3.0") < card.index("version 2.0"), "the newest first"
    assert "The mother refused." in card
    assert "guardian consented" in card
    assert f"▲ Withdrawn {today:%d %b %Y} by mother: stored samples to be destroyed" in card


def test_blood_group_and_freezer_are_compared(universe: Any, client_of: Callable[[Any], Any]) -> None:
    child, client = universe.responder, client_of(universe.clara)
    record = universe.record(child, "blood-group", "SCREEN")
    card = words_of(page(client, child), "dose-title")
    assert "Blood group of the child: " in card
    assert "confirmed on two samples" in card
    assert "of the same group" in card
    universe.fill(record, universe.clara, first_abo="AB", second_abo="AB", first_rhd="NEG", second_rhd="NEG")
    card = words_of(page(client, child), "dose-title")
    assert "Blood group of the child: AB , RhD negative" in card
    assert "▲ No bag of a compatible blood group is in this freezer." in card
    assert "must not be given to this child" in card
    universe.fill(record, universe.clara, second_abo="A")
    assert "The blood group of the child is not known" in words_of(page(client, child), "dose-title")


def test_every_page_says_the_second_of_its_data(universe: Any, client_of: Callable[[Any], Any]) -> None:
    client = client_of(universe.clara)
    for html in (page(client, universe.responder), client.get(reverse("trial")).content.decode()):
        assert len(re.findall(r"Data as of <time [^>]+>\d\d \w{3} \d{4} \d\d:\d\d:\d\d Cairo \(UTC\+[23]\)</time>", html)) == 2
