"""One child from screening to a classified response, in a real browser, as three people."""

import csv
import io
import re
import subprocess
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pypdf import PdfReader

from demo.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CRITERIA = {"tpo_ra_ever": "tpo_ra", "ivig_reaction": "ivig_reaction", "intracranial": "intracranial",
            "venous_access": "venous_access", "other_cause": "other_cause"}  # fmt: skip
SCREENS = ("iga_deficiency", "renal_impairment", "positive_dat", "thrombosis", "live_vaccine", "steroids", "other_study")


def typed(day):
    return f"{day:%d/%m/%Y}"


@pytest.fixture
def day_0():
    return timezone.localdate() - timedelta(days=12)


def screen(clara, day_0):
    clara.open("/participants/screen/")
    clara.page.fill("#id_on", typed(day_0))
    clara.page.get_by_role("button", name="Start screening").click()
    clara.follow("Screening and eligibility")
    clara.accessible()
    clara.answer(screened_on=typed(day_0), birth_date=typed(day_0 - timedelta(days=5 * 365)), sex="F")
    clara.answer(diagnosed_on=typed(day_0 - timedelta(days=150)), entry_count="١٢", entry_count_on=typed(day_0))
    clara.answer(**dict.fromkeys([*CRITERIA, *SCREENS], "N"))
    clara.answer(**{f"{name}_evidence": "hospital record" for name in CRITERIA.values()})
    clara.answer(**dict.fromkeys([*(f"{name}_source" for name in CRITERIA.values()), "diagnosis_source"], "record"))
    clara.answer(birth_source="certificate", entry_count_source="laboratory")
    clara.save()


def consent(clara, day_0):
    """ "Save" led on to the next form of the visit."""
    assert clara.page.locator("h1").inner_text() == "Consent and assent"
    clara.answer(consented_at=f"{typed(day_0)} 09:00", version="2.0", language="ar", can_read="Y", guardian="N")
    clara.answer(mother="consented", father="consented")
    clara.answer(mother_signature="Y", mother_fingerprint="Y", father_signature="Y", father_fingerprint="Y")
    clara.answer(assent="Y", explained_by="Study doctor", copy_given="Y")
    clara.save()


def sign_eligibility(ines, page):
    """The investigator reads both forms, and signs with the password."""
    ines.open(page)
    ines.page.get_by_role("link", name="Read and sign the eligibility").click()
    ines.accessible()
    assert "hospital record" in ines.page.locator("main").inner_text()
    ines.page.fill("#id_password", PASSWORD)
    ines.page.get_by_role("button", name="Sign", exact=True).click()
    assert "Signed: Ines Farouk, Investigator, " in ines.page.locator(".message.success").inner_text()
    ines.accessible()
    ines.open("/to-sign/")
    ines.accessible()


def enrol(clara, day_0):
    clara.accessible()
    clara.page.get_by_text("Enrolment on an earlier day").click()
    clara.page.fill("details[open] [name=on]", typed(day_0))
    clara.page.get_by_role("button", name="Enrol as of that day").click()
    message = clara.page.locator(".message.success").inner_text()
    return re.search(r"01-\d{3}-\w", message)[0]


def fill_count(clara, taken, platelets):
    clara.answer(done="Y", taken_at=taken, quality="good", platelets=str(platelets), haemoglobin="11.2", bleeding="0")
    clara.save()


def infuse(clara, day_0):
    clara.page.locator("section.visit", has_text="Loading dose").get_by_role("link", name="Infusion").click()
    clara.answer(weight_kg="20", weight_on=typed(day_0), max_rate="80", stopped_early="N", reaction="N")
    clara.answer(started_at=f"{typed(day_0)} 10:00", stopped_at=f"{typed(day_0)} 17:00")
    for row, volume in enumerate(loading_bags(clara)):
        clara.page.select_option(f"[name=bags-{row}-bag]", index=row + 1)
        clara.page.fill(f"[name=bags-{row}-volume_ml]", volume)
    clara.save()


def loading_bags(clara):
    """The volumes of the first bags in the list, as many as make 1 g/kg for 20 kg of the product at 45.4 g/L (440 mL)."""
    options = clara.page.locator("[name=bags-0-bag] option").all_inner_texts()[1:]
    volumes, left = [], 440.0
    for option in options:
        held = float(re.search(r"\(([\d.]+) mL\)", option)[1])
        volumes.append(f"{min(held, left):g}")
        left -= min(held, left)
        if left <= 0:
            return volumes
    raise AssertionError("The site has too little product for a loading dose.")


def unscheduled_count(clara, day, platelets):
    clara.follow("Visits and forms")
    clara.page.fill("#id_on", typed(day))
    clara.page.get_by_role("button", name="Add visit").click()
    fill_count(clara, f"{typed(day)} 09:30", platelets)  # on the page of the visit: saved in its place
    clara.page.get_by_text("Blood count saved").wait_for()


def test_a_child_from_screening_to_a_classified_response(sign_in, transactional_universe, live_server, day_0, tmp_path):
    universe = transactional_universe
    clara = sign_in(universe.clara, PASSWORD)
    screen(clara, day_0)
    consent(clara, day_0)
    clara.follow("Eligibility")
    ines = sign_in(universe.ines, PASSWORD)
    sign_eligibility(ines, urlsplit(clara.page.url).path)
    number = enrol(clara, day_0)
    infuse(clara, day_0)
    clara.follow("Visits and forms")
    clara.page.locator("section.visit", has_text="Loading dose").get_by_role("link", name="Blood count").click()
    fill_count(clara, f"{typed(day_0)} 08:00", 12)
    clara.follow("Visits and forms")
    clara.page.locator("section.visit", has_text="Count day 3").get_by_role("link", name="Blood count").click()
    fill_count(clara, f"{typed(day_0 + timedelta(days=3))} 09:00", 60)
    unscheduled_count(clara, day_0 + timedelta(days=10), 70)
    clara.follow("Visits and forms")
    clara.accessible()

    ines.open("/participants/")
    ines.accessible()
    ines.follow(number)
    ines.accessible()
    page = ines.page.locator("main").inner_text()
    since, confirmed = day_0 + timedelta(days=3), day_0 + timedelta(days=10)
    assert "RESPONSE" in page.upper()
    assert f"since {since:%d %b %Y}" in page
    assert f"confirmed {confirmed:%d %b %Y}" in page or f"confirmed on {confirmed:%d %b %Y}" in page
    assert "R14" in page  # the rule that decided
    assert "2 x the baseline" in page or "2 × the baseline" in page

    milo = sign_in(universe.milo, PASSWORD)
    milo.open("/account/")
    milo.page.fill("#id_token_name", "journey")
    milo.page.get_by_role("button", name="Create token").click()
    token = milo.page.locator("#new-token").inner_text()
    participant = re.search(r"/participants/([0-9a-f-]{36})/", ines.page.url)[1]
    address = f"{live_server.url}/api/v1/participants/{participant}"

    def curl(path):
        command = ["curl", "--silent", "--fail", "-H", f"Authorization: Bearer {token}", address + path]
        return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout

    rows = list(csv.DictReader(io.StringIO(curl("/casebook.csv").decode("utf-8"))))
    assert [row["value"] for row in rows if row["item"] == "platelets"] == ["12", "60", "70"]
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(curl("/casebook.pdf"))).pages)
    assert number in text
    assert "×10⁹/L" in text or "10^9/L" in text


def test_typed_text_survives_a_sign_out(sign_in, transactional_universe, settings):
    universe = transactional_universe
    clara = sign_in(universe.clara, PASSWORD)
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    clara.open(f"/records/{record.pk}/")
    clara.answer(done="Y", haemoglobin="10.9")
    clara.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    clara.page.locator(".savebar button.primary").click()
    clara.page.wait_for_url(lambda url: "sign-in" in url)
    clara.page.fill("#id_username", universe.clara.username)
    clara.page.fill("#id_password", PASSWORD)
    clara.page.click("button.primary")
    clara.page.wait_for_url(lambda url: str(record.pk) in url)
    expect(clara.page.locator("[name=haemoglobin]")).to_have_value("10.9")
    expect(clara.page.locator("#draft-state")).to_contain_text("is back")


def test_on_a_phone_nothing_scrolls_sideways(sign_in, transactional_universe):
    universe = transactional_universe
    clara = sign_in(universe.clara, PASSWORD, width=360)
    record = universe.record(universe.untreated, "infusion", "LOAD")
    bleeding = universe.record(universe.untreated, "bleeding-assessment", "LOAD")
    child = universe.responder.pk
    pages = ["/worklist/", "/participants/", "/lots/", "/exports/", "/account/", "/protocol/"]
    pages += [f"/participants/{child}/", f"/participants/{child}/visits/", f"/records/{record.pk}/", f"/records/{bleeding.pk}/"]
    for path in pages:
        clara.open(path)
        assert clara.page.evaluate("document.documentElement.scrollWidth") <= 360, path
        clara.accessible()
