"""A new coordinator from the entry to the first page, in a real browser, as four people; on the screen and on the phone."""

import pytest

from demo.people import PASSWORD
from itp_trial.actions import create_user
from itp_trial.actor import System

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.requirement("RQ-42", "RQ-59", "RQ-32")]
PAGES = (
    "/delegation/",
    "/delegation/sites/{site}/",
    "/delegation/sign/",
    "/training/",
    "/signature-statement/",
    "/access-rights/",
)


def test_nobody_works_before_the_signature(transactional_universe, sign_in):
    universe = transactional_universe
    nada = create_user(username="nada", full_name="Nada Amin", email="nada@example.org", password=PASSWORD, by=System("test"))

    adam = sign_in(universe.adam, PASSWORD).open("/people/")
    adam.select_option("#id_user", str(nada.pk))
    adam.select_option("#id_role", "coordinator")
    adam.select_option("#id_site", str(universe.s1.pk))
    adam.get_by_role("button", name="Enter in the log").click()
    assert "begins to work when the entry is signed" in adam.locator(".message.success").inner_text()

    newcomer = sign_in(nada, PASSWORD, width=360)
    assert newcomer.page.locator("h1").inner_text() == "No role yet"
    newcomer.accessible()
    newcomer.follow("confirm your training")
    newcomer.page.get_by_label("How").select_option("guide")
    newcomer.page.get_by_label("I have been trained").check()
    newcomer.page.get_by_role("button", name="Confirm my training").click()
    assert "Your training is recorded." in newcomer.page.locator(".message.success").inner_text()
    newcomer.accessible()

    hana = sign_in(universe.hana, PASSWORD).open("/delegation/")
    hana.get_by_role("link", name="Read and sign").click()
    hana.get_by_label("I delegate these tasks to Nada Amin").check()
    hana.get_by_label("Your password").fill(PASSWORD)
    hana.get_by_role("button", name="Sign the ticked entries").click()
    assert "1 entry is signed" in hana.locator(".message.success").inner_text()

    assert newcomer.open("/").locator("h1").inner_text() == "Work list"


@pytest.mark.parametrize("width", [1366, 360])
def test_every_page_can_be_read_by_everybody(transactional_universe, sign_in, width):
    universe = transactional_universe
    hana = sign_in(universe.hana, PASSWORD, width)
    for path in PAGES:
        page = hana.open(path.format(site=universe.s1.pk))
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        hana.accessible()
    adam = sign_in(universe.adam, PASSWORD, width)
    adam.open("/people/").get_by_text("Change", exact=False).nth(1).click()
    adam.accessible()
