"""Signing in with a real passkey, and the screen that locks without losing what was typed."""

import pytest
from playwright.sync_api import expect

from accounts.models import Passkey
from demo.people import PASSWORD
from itp_trial.models import AccessEntry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def with_a_passkey_device(person):
    """Chromium's own authenticator in software: a telephone with a fingerprint that always agrees."""
    devtools = person.context.new_cdp_session(person.page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    return devtools, devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def sign_out(person):
    person.page.get_by_role("button", name="Sign out", exact=True).first.click()
    person.page.wait_for_url(lambda url: "sign-in" in url)


def password(person, username):
    person.page.fill("#id_username", username)
    person.page.fill("#id_password", PASSWORD)
    person.page.click("button.primary")


@pytest.mark.requirement("RQ-44")
def test_a_passkey_is_added_and_opens(sign_in, transactional_universe):
    clara = sign_in(transactional_universe.clara, PASSWORD)
    devtools, device = with_a_passkey_device(clara)
    clara.open("/account/second-factors/passkey/")
    clara.accessible()
    clara.page.fill("#id_name", "ward tablet")
    clara.page.fill("#id_password", PASSWORD)
    clara.page.get_by_role("button", name="Add the passkey").click()
    clara.page.wait_for_selector("text=The passkey is your second factor now.")
    clara.accessible()
    assert clara.page.locator("ul.codes li").count() == 10
    assert len(devtools.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1

    sign_out(clara)
    password(clara, "clara")
    clara.page.wait_for_url(lambda url: "second-factor" in url)
    clara.accessible()
    clara.page.get_by_role("button", name="Use the passkey").click()
    clara.page.wait_for_url(lambda url: "worklist" in url)
    assert AccessEntry.objects.filter(kind="sign_in").first().what == "with password and passkey"
    assert Passkey.objects.get().sign_count > 0

    # And at the moment of an act: the answer goes where the code would.
    clara.open("/account/second-factors/")
    clara.page.check("#do_codes")
    clara.page.fill("#id_password", PASSWORD)
    clara.page.get_by_role("button", name="Use the passkey").click()
    clara.page.wait_for_selector("text=The passkey is confirmed.")
    clara.page.get_by_role("button", name="Do this").click()
    clara.page.wait_for_selector("text=Your recovery codes")


@pytest.mark.requirement("RQ-44")
def test_another_device_opens_nothing(sign_in, transactional_universe):
    clara = sign_in(transactional_universe.clara, PASSWORD)
    devtools, device = with_a_passkey_device(clara)
    clara.open("/account/second-factors/passkey/")
    clara.page.fill("#id_name", "ward tablet")
    clara.page.fill("#id_password", PASSWORD)
    clara.page.get_by_role("button", name="Add the passkey").click()
    clara.page.wait_for_selector("text=The passkey is your second factor now.")
    devtools.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    sign_out(clara)
    password(clara, "clara")
    clara.page.get_by_role("button", name="Use the passkey").click()
    clara.page.wait_for_selector("text=The passkey was not used.")
    assert "second-factor" in clara.page.url


@pytest.fixture
def typing(sign_in, transactional_universe):
    """Clara has typed a haemoglobin into a form that nobody saved."""
    universe = transactional_universe
    clara = sign_in(universe.clara, PASSWORD)
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    clara.open(f"/records/{record.pk}/")
    clara.answer(done="Y", haemoglobin="10.9")
    return clara, record


def comes_back(clara, record):
    clara.page.wait_for_url(lambda url: "sign-in" in url and str(record.pk) in url)
    clara.accessible()
    password(clara, "clara")
    clara.page.wait_for_url(lambda url: f"/records/{record.pk}/" in url and "sign-in" not in url)
    expect(clara.page.locator("[name=haemoglobin]")).to_have_value("10.9")
    expect(clara.page.locator("#draft-state")).to_contain_text("is back")


@pytest.mark.requirement("RQ-45")
def test_ctrl_l_locks_at_once_and_keeps_what_was_typed(typing):
    clara, record = typing
    clara.page.keyboard.press("Control+l")
    comes_back(clara, record)
    assert AccessEntry.objects.filter(kind="sign_out").first().what == "screen locked"


@pytest.mark.requirement("RQ-45")
def test_inactivity_locks_and_keeps_what_was_typed(typing, settings):
    clara, record = typing
    settings.INACTIVITY_SECONDS = 2
    clara.page.evaluate("document.body.dataset.inactivitySeconds = 2")
    clara.page.reload()
    expect(clara.page.locator("[name=haemoglobin]")).to_have_value("10.9")
    clara.page.wait_for_timeout(3000)
    comes_back(clara, record)


@pytest.mark.requirement("RQ-45")
def test_a_deliberate_sign_out_leaves_nothing_in_the_browser(typing):
    """What was typed is a draft on the server by then."""
    clara, _ = typing
    expect(clara.page.locator("#draft-state")).to_contain_text("Saved as draft")
    sign_out(clara)
    assert clara.page.evaluate("sessionStorage.length + localStorage.length") == 0


PAGES = ["/account/", "/account/password/", "/account/second-factors/", "/account/second-factors/app/",
         "/account/second-factors/passkey/", "/accounts/", "/accounts/open/", "/people/"]  # fmt: skip


@pytest.mark.parametrize("width", [360, 1366])
def test_the_pages_are_accessible_and_nothing_scrolls_sideways(sign_in, transactional_universe, width):
    adam = sign_in(transactional_universe.adam, PASSWORD, width)
    for path in [*PAGES, f"/accounts/{transactional_universe.dana.pk}/", f"/accounts/{transactional_universe.adam.pk}/"]:
        adam.open(path)
        assert adam.page.evaluate("document.documentElement.scrollWidth") <= width, path
        adam.accessible()
