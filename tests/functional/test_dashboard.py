"""A correction at site 01 changes a class: the investigator sees it, with the reason and the changed curve; also without
colour, by keyboard alone, on a phone and on one printed page."""

import io

import pytest
from django.urls import reverse
from pypdf import PdfReader

from demo.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def dashboard(universe):
    return reverse("participant", args=[universe.responder.pk])


def correct(universe, sign_in, platelets):
    """Clara finds the wrong slip: the count that had confirmed the response was another one."""
    record = universe.responder.records.get(form="blood-count", visit__code="UNS")
    universe.fill(record, universe.clara, reason="typing", platelets=platelets)


def marks(page):
    return page.locator(".drawing .wide .mark title").all_text_contents()


def press(page, key, until):
    """Presses a key until the focus stands where it should, as somebody without a mouse does."""
    for _ in range(120):
        page.keyboard.press(key)
        if page.evaluate("document.activeElement.matches(" + repr(until) + ")"):
            return
    raise AssertionError(f"{key} never reaches {until}")


def test_a_correction_is_announced_with_its_reason_and_a_changed_curve(sign_in, transactional_universe):
    universe = transactional_universe
    ines = sign_in(universe.ines, PASSWORD)
    page = ines.open(dashboard(universe))
    assert "60 and 70 ×10⁹/L, 7 days apart" in page.locator(".answer").inner_text()
    assert any("70 ×10⁹/L, unscheduled, evaluable" in mark for mark in marks(page))
    ines.accessible()

    correct(universe, sign_in, "17")
    page = ines.open(dashboard(universe))
    announced = page.locator(".announcements").inner_text()
    for words in ("Changed from R to NE", "was corrected from 70 ×10⁹/L to 17 ×10⁹/L", "Clara", "site coordinator"):
        assert words in announced
    assert "Not evaluable" in page.locator(".answer").inner_text()
    assert any("17 ×10⁹/L, unscheduled, evaluable" in mark for mark in marks(page))
    assert not any("70 ×10⁹/L" in mark for mark in marks(page))
    assert "70 ×10⁹/L → became 17 ×10⁹/L" in " ".join(page.locator(".since").inner_text().split())
    ines.accessible()

    # Without colour every state is still a word and a shape, and every mark still has its form.
    page.evaluate("document.documentElement.style.filter = 'grayscale(1)'")
    states = page.locator(".state:visible").all_inner_texts()
    assert states
    assert all(len(state.split()) >= 2 and not state.split()[0].isalnum() for state in states), states
    assert page.locator(".drawing .wide .mark circle").count() > 0
    assert page.locator(".drawing .wide .mark polygon").count() > 0
    ines.accessible()

    # By keyboard alone: to the note, pressed by Enter; into the curve, read by the arrow keys; a line ticked by Space.
    page = ines.open(dashboard(universe))
    press(page, "Tab", ".announcements button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "You have taken note of the changed class" in page.locator(".messages").inner_text()
    assert page.locator(".announcements").count() == 0
    press(page, "Tab", ".drawing")
    page.keyboard.press("End")
    last = page.locator(".reader").inner_text()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.locator(".reader").inner_text() != last
    assert page.locator(".drawing .mark.current").count() == 1
    assert page.locator(".reader").inner_text() in marks(page)
    page = ines.open(dashboard(universe))
    press(page, "Tab", ".since input[type=checkbox]")
    page.keyboard.press("Space")
    assert page.locator(".since input[type=checkbox]").first.is_checked()
    press(page, "Tab", ".since button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "nothing corrected since you last looked" in page.locator(".glance").inner_text()

    # Hover says the same as the keys; the table holds every mark of a count.
    page.locator(".drawing .wide .mark").last.hover()
    assert page.locator(".reader").inner_text() in marks(page)
    page.get_by_text("The same as a table").click()
    assert "17 ×10⁹/L" in page.locator(".course table").inner_text()


def test_a_phone_shows_answer_dose_and_safety_first_and_paper_takes_one_page(sign_in, transactional_universe):
    universe = transactional_universe
    clinic, today = universe.clinic(), universe.today
    clinic.extra_count(universe.responder, today, 80)
    ines = sign_in(universe.ines, PASSWORD, width=360)
    page = ines.open(dashboard(universe))
    tops = [
        page.locator(place).first.bounding_box()["y"]
        for place in (".answer", ".glance", ".next-dose", "#safety-title", ".course")
    ]
    assert tops == sorted(tops)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ines.accessible()
    page.get_by_role("button", name="Agree to").click()
    assert "Agreed by Ines" in " ".join(page.locator(".glance").inner_text().split())
    assert len(PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages) == 1
    ines.accessible()
    ines.open("/participants/?sort=duration")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ines.accessible()
