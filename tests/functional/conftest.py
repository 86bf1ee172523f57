"""A real Chromium, one per session, and a signed-in page for each person."""

import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

# Playwright's synchronous interface owns an event loop; Django would refuse the database in its thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    assert CHROMIUM, "Chromium is missing: 'make test' installs it (bin/system-packages test)."
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


class Person:
    """Somebody at a browser window."""

    def __init__(self, browser, address, user, password, width=1366):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True)
        self.page, self.address = self.context.new_page(), address
        self.page.goto(f"{address}/sign-in/")
        self.page.fill("#id_username", user.username)
        self.page.fill("#id_password", password)
        self.page.click("button.primary")
        self.page.wait_for_url(lambda url: not url.endswith("/sign-in/"))
        if "second-factor" in self.page.url:
            while not self.page.locator("#demo-code").count():  # a code works once: the next half minute brings a new one
                self.page.wait_for_timeout(2000)
                self.page.reload()
            self.page.fill("#id_code", self.page.inner_text("#demo-code"))
            self.page.click("button.primary")
            self.page.wait_for_url(lambda url: "sign-in" not in url)

    def open(self, path):
        self.page.goto(f"{self.address}{path}")
        return self.page

    def follow(self, text):
        self.page.get_by_role("link", name=text, exact=True).first.click()
        return self.page

    def answer(self, **answers):
        """Answers the questions of the open form as a person would: choosing, typing, selecting."""
        for name, value in answers.items():
            radio = self.page.locator(f'input[type=radio][name="{name}"][value="{value}"]')
            field = self.page.locator(f'[name="{name}"]').first
            if radio.count():
                radio.check()
            elif field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def save(self):
        """On the page of a visit a form is saved in its place; a form on a page of its own leads to the next page."""
        button = self.page.locator(".savebar button.primary").first
        if self.page.locator(".visit-page").count():
            button.click()
            return
        with self.page.expect_navigation():
            button.click()

    def accessible(self):
        """No violation found by axe-core on the open page."""
        results = Axe().run(self.page)
        assert results.violations_count == 0, results.generate_report()


@pytest.fixture
def sign_in(browser, live_server):
    people = []

    def at_the_window(user, password, width=1366):
        people.append(Person(browser, live_server.url, user, password, width))
        return people[-1]

    yield at_the_window
    for person in people:
        person.context.close()
