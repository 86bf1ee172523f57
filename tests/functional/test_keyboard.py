"""A maintenance visit by keyboard alone, counted from the work list; and what each key does."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from casebook.crf import crf_by_slug
from casebook.models import FormRecord, Visit
from demo.people import PASSWORD
from tests.identity.test_photos import photo_file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_PRESSES = 90
#: What a routine visit without problems answers where the usual answer (No, nothing, the middle of the range) does not fit.
#: Of yesterday: in the first hours of a day half past eight is still to come.
ANSWERS = {
    "done": "1", "quality": "1", "taken_at": "y0830", "platelets": "45", "haemoglobin": "11.8", "bleeding": "0",
    "any_bleeding": "2", "weight_kg": "15", "started_at": "y0930", "stopped_at": "y1330", "max_rate": "45", "volume_ml": "95",
}  # fmt: skip


@pytest.fixture
def universe(transactional_universe):
    return transactional_universe


class Hands:
    """Somebody who never touches the mouse, with a counter."""

    def __init__(self, page):
        self.page, self.presses, self.by_form = page, 0, {}

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1

    def type(self, text):
        self.press(*text)

    @property
    def at(self):
        return self.page.evaluate("""() => {
            const at = document.activeElement, form = at.closest("form.crf");
            return {id: at.id, name: at.name ?? "", tag: at.tagName, type: at.type ?? "", kind: at.dataset.kind ?? "",
                    value: at.value ?? "", form: at.closest(".form-on-page")?.id.replace("form-", "") ?? "",
                    wanted: at.closest(".field, .cell")?.dataset.wanted !== undefined,
                    lines: Boolean(at.closest(".lines")),
                    rest: [...at.closest(".section")?.querySelectorAll("[data-wanted]") ?? []].some((one) =>
                        !one.closest(".not-asked") && at.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING)};
        }""")


def answer(hands, at):
    """The usual answer of a child who is well, in as few presses as a trained coordinator needs."""
    name = at["name"].rsplit("-", 1)[-1]
    known = ANSWERS.get(name)
    if at["lines"]:
        return answer_line(hands, at, known)
    if not at["wanted"] and known is None:
        return hands.press("Enter" if at["rest"] else "Control+Enter")  # optional
    if at["type"] == "radio" or at["tag"] == "SELECT":
        return hands.press(known or "2")
    if known is None and at["kind"] == "number":
        low, high = crf_by_slug(at["form"]).items()[name].expected or crf_by_slug(at["form"]).items()[name].hard
        known = f"{(Decimal(low) + Decimal(high)) / 2:.0f}"
    if known is None and at["kind"] in ("date", "date and time"):
        known = "y" if at["kind"] == "date" else "y0830"
    hands.type(known or "none")
    return None if at["kind"] == "date" else hands.press("Enter")


def answer_line(hands, at, known):
    """One bag, then on to what comes after the lines."""
    if int(re.search(r"-(\d+)-", at["name"])[1]) >= 1 or not at["wanted"]:
        return hands.press("Control+Enter")
    if at["tag"] == "SELECT":
        return hands.press("1")
    hands.type(known)
    return hands.press("Enter")


@pytest.mark.requirement("RQ-29")
def test_a_routine_maintenance_visit_takes_under_90_key_presses(sign_in, universe):
    visit = Visit.objects.get(participant=universe.foreign, code="M1")
    otto = sign_in(universe.otto, PASSWORD)
    page = otto.open("/worklist/")
    hands = Hands(page)
    rows = page.locator("tr[data-row] a.opens").all()
    place = next(n for n, row in enumerate(rows) if str(visit.pk) in row.get_attribute("href"))
    hands.press(*["j"] * (place + 1), "Enter")
    page.wait_for_url(lambda url: str(visit.pk) in url)
    otto.accessible()
    hands.press("Enter")  # nothing new since the last visit
    for _ in range(300):
        at = hands.at
        if at["id"] == "save-all":
            break
        before = hands.presses
        answer(hands, at)
        hands.by_form[at["form"]] = hands.by_form.get(at["form"], 0) + hands.presses - before
    else:
        pytest.fail(f"the keys lead nowhere: {hands.at}")
    hands.press("Enter")
    page.locator("#visit-said", has_text="saved").last.wait_for()
    expect(page.locator("[data-unsaved]")).to_have_count(0, timeout=20_000)
    otto.accessible()
    left = FormRecord.objects.filter(visit=visit).exclude(status="complete")
    assert not [(r.form, r.status, page.locator(f"#form-{r.form} .problem").all_inner_texts()) for r in left]
    print("key presses:", hands.presses, hands.by_form)
    printed = (Path(settings.BASE_DIR) / "docs" / "key-presses.md").read_text()
    documented = int(re.search(r"\*\*(\d+) key presses\*\*", printed)[1])
    assert hands.presses <= documented < MOST_PRESSES, (
        f"{hands.presses} presses: {hands.by_form}; write it to docs/key-presses.md"
    )


def test_what_each_key_does(sign_in, universe):
    clara = sign_in(universe.clara, PASSWORD)
    visit = Visit.objects.get(participant=universe.untreated, code="LOAD")
    page = clara.open(f"/visits/{visit.pk}/")
    hands = Hands(page)
    assert hands.at["id"] == "since", "a visit begins with what happened since the last one"
    hands.press("Enter")
    assert hands.at["name"] == "done"
    hands.press("1")
    form = page.locator("#form-blood-count")
    expect(form.locator("[name=done][value=Y]")).to_be_checked()
    assert hands.at["name"] == "taken_at"
    hands.type("t0000")
    hands.press("Enter")
    today = page.evaluate("document.body.dataset.today")
    expect(form.locator("[name=taken_at]")).to_have_value(f"{today} 00:00")
    hands.press("Shift+Enter")
    assert hands.at["name"] == "taken_at"
    hands.press("Control+Enter")
    assert hands.at["name"] == "platelets"
    hands.press("n")
    expect(form.locator("[name=platelets__missing]")).to_have_value("ND")
    assert hands.at["name"] == "haemoglobin"
    hands.press("u")
    expect(form.locator("[name=haemoglobin__missing]")).to_have_value("UNK")
    hands.press("Alt+z")
    expect(form.locator("[name=haemoglobin__missing]")).to_have_value("")
    hands.type("10.9")
    hands.press("Control+s")
    page.locator("#visit-said", has_text="Blood count saved").wait_for()
    assert FormRecord.objects.get(visit=visit, form="blood-count").version == 1

    # In a text box a letter is a letter.
    page.locator("[name=premedication]").focus()
    hands.type("n?1")
    expect(page.locator("[name=premedication]")).to_have_value("n?1")

    # The list of keys, and the switch for single letters.
    page.locator("#leaving-title").focus()
    hands.press("?")
    expect(page.locator("#keys")).to_be_visible()
    clara.accessible()
    page.locator("#single-keys").uncheck()
    hands.press("Escape")
    page.locator("#form-infusion [name=reaction]").first.focus()
    hands.press("1")
    assert page.locator("#form-infusion [name=reaction]:checked").count() == 0
    page.evaluate("localStorage.removeItem('itp-single-keys')")

    # Anywhere: Ctrl+K finds a child by any part of its number.
    hands.press("Control+k")
    clara.accessible()
    hands.type(universe.responder.number + " res")
    page.locator("#go ul a", has_text=universe.responder.number).wait_for()
    hands.press("Enter")
    page.wait_for_url(lambda url: url.endswith(f"/participants/{universe.responder.pk}/"))

    # The ways out of a row of the work list: call, put off, done elsewhere.
    for key, place in (("c", "/identity/"), ("s", "#plan-"), ("d", "#elsewhere")):
        page = clara.open("/worklist/")
        hands.press("j", key)
        page.wait_for_url(lambda url, place=place: place in url)
        if place.startswith("#"):
            page.locator(f"details[id^='{place[1:]}'][open]").wait_for()
            assert hands.at["name"] == "on" or hands.at["tag"] == "SUMMARY"


def test_a_comment_and_a_photo_stand_beside_the_question(sign_in, universe, tmp_path):
    clara = sign_in(universe.clara, PASSWORD)
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    page = clara.open(f"/visits/{record.visit_id}/")
    hands, panel = Hands(page), page.locator(".past-panel")
    platelets = page.locator("#form-blood-count [name=platelets]")
    page.locator("#form-blood-count [name=done][value=Y]").check()
    platelets.focus()
    hands.press("m")
    expect(panel.locator("textarea")).to_be_focused()
    clara.accessible()
    hands.type("First tube ")
    hands.press("Escape", "m")
    expect(panel.locator("textarea")).to_have_value("First tube ")
    hands.press("End")
    hands.type("clotted")
    page.context.set_offline(True)
    hands.press("Tab", "Enter")
    expect(panel).to_contain_text("Not kept: no connection. What stands here stays; try again.")
    expect(panel.locator("textarea")).to_have_value("First tube clotted")
    page.context.set_offline(False)
    hands.press("Enter")
    expect(panel.locator(".comments")).to_contain_text("First tube clotted")
    hands.press("Escape")
    expect(platelets).to_be_focused()
    expect(page.locator("#form-blood-count .comment-mark")).to_have_text("1")

    # A photo: made small on the device, refused while a name may be on it, with all that was chosen still there.
    slip = tmp_path / "slip.png"
    slip.write_bytes(photo_file((3200, 2400), "PNG"))
    with page.expect_file_chooser() as chooser:
        hands.press("p")
    chooser.value.set_files(slip)
    panel.locator("#name-covered").evaluate("box => { box.required = false; }")
    panel.get_by_role("button", name="Keep photo").click()
    expect(panel).to_contain_text("tick that no name is to be seen")
    panel.locator("#name-covered").check()
    panel.get_by_role("button", name="Keep photo").click()
    expect(page.locator("#form-blood-count .comment-mark")).to_have_text("2")
    panel.get_by_role("link", name="Photo of the source").click()
    page.wait_for_url(lambda url: "/photos/" in url)
    picture = page.locator(".source-photo img")
    assert picture.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [1600, 1200]
    clara.accessible()


def test_an_event_since_the_last_visit_is_one_key_away(sign_in, universe):
    clara = sign_in(universe.clara, PASSWORD)
    visit = Visit.objects.get(participant=universe.untreated, code="LOAD")
    page = clara.open(f"/visits/{visit.pk}/")
    hands = Hands(page)
    title = page.locator("#since button[data-key='1']").inner_text().split(maxsplit=1)[1]
    hands.press("Enter", "e", "1")
    page.wait_for_url(lambda url: "/records/" in url)
    assert page.locator("h1").inner_text() == title
    assert f"?visit={visit.pk}" in page.url
