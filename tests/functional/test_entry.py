"""Two people at one visit, a lost network, a crash: nothing that was typed is lost, and nobody is overwritten unseen."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from casebook.models import Draft, FormRecord, Visit
from demo.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def universe(transactional_universe):
    return transactional_universe


@pytest.fixture
def visit(universe):
    return Visit.objects.get(participant=universe.untreated, code="LOAD")


def open_visit(person, visit):
    person.open(f"/visits/{visit.pk}/")
    return person.page.locator("#form-blood-count")


def count_of(visit):
    record = FormRecord.objects.get(visit=visit, form="blood-count")
    return record, record.crf().answers()


def type_count(form, day, platelets):
    """Everything that a blood count asks, the haemoglobin last."""
    form.locator("[name=done][value=Y]").check()
    form.locator("[name=taken_at]").fill(f"{day:%d/%m/%Y} 08:30")
    choose(form, "quality", "good")
    form.locator("[name=platelets]").fill(platelets)
    choose(form, "bleeding", "0")
    form.locator("[name=haemoglobin]").fill("11.8")


def choose(form, name, value):
    radio = form.locator(f"input[type=radio][name={name}][value='{value}']")
    radio.check() if radio.count() else form.locator(f"select[name={name}]").select_option(value)


def kept(person):
    """The server has what was typed."""
    person.page.locator("#visit-state", has_text="Saved as draft").wait_for()


def save(person, form):
    form.locator(".savebar button.primary").click()
    person.page.locator("#visit-said", has_text="saved").wait_for()


@pytest.mark.row("C1")
@pytest.mark.requirement("RQ-45")
def test_two_people_and_a_network_that_goes_away(sign_in, universe, visit):
    day = universe.untreated.enrolled_on
    clara, ines = sign_in(universe.clara, PASSWORD), sign_in(universe.ines, PASSWORD)
    hers, his = open_visit(clara, visit), open_visit(ines, visit)

    # Ines loses the network while she types: it stays on her device, sealed, and survives closing the window.
    ines.context.set_offline(True)
    choose(his, "done", "Y")
    his.locator("[name=platelets]").fill("58")
    his.locator("[name=leukocytes]").fill("7.9")
    ines.page.locator("#visit-state", has_text="On this device only").wait_for()
    local = ines.page.evaluate("Object.entries(localStorage).map(String).join()")
    assert f"itp-draft:{universe.ines.pk}:" in local
    assert "platelets" not in local
    assert not Draft.objects.filter(user=universe.ines).exists()

    # Clara saves the same form meanwhile.
    type_count(hers, day, "85")
    kept(clara)
    save(clara, hers)
    assert count_of(visit)[1]["platelets"] == 85
    assert not Draft.objects.exists(), "the draft went with the save"

    # The network is back and the page is opened anew: both values stand there, the other answers are put together.
    ines.context.set_offline(False)
    his = open_visit(ines, visit)
    his.locator(".collisions").wait_for()
    assert "85" in his.locator(".collisions").inner_text()
    assert "58" in his.locator(".collisions").inner_text()
    assert his.locator("[name=haemoglobin]").input_value() == "11.8"
    assert his.locator("[name=leukocytes]").input_value() == "7.9"
    ines.accessible()
    assert ines.page.evaluate(f"Object.keys(localStorage).filter(k => k.startsWith('itp-draft:{universe.ines.pk}:')).length") == 0
    his.locator("[name=choice-platelets][value=theirs]").check()
    assert his.locator("[name=platelets]").input_value() == "85"
    kept(ines)
    save(ines, ines.page.locator("#form-blood-count"))
    record, answers = count_of(visit)
    assert [answers[name] for name in ("platelets", "leukocytes", "haemoglobin")] == [85, Decimal("7.9"), Decimal("11.8")]
    assert record.version == 2


@pytest.mark.row("C2")
def test_a_crash_loses_nothing_and_a_neighbour_sees_nothing(sign_in, universe, visit):
    clara = sign_in(universe.clara, PASSWORD)
    form = open_visit(clara, visit)
    choose(form, "done", "Y")
    form.locator("[name=platelets]").fill("58")
    kept(clara)
    clara.page.close(run_before_unload=False)  # the tab is gone without a word
    clara.page = clara.context.new_page()
    form = open_visit(clara, visit)
    assert form.locator("[name=platelets]").input_value() == "58"
    assert form.locator("#field-blood-count-platelets .draft-mark").count() == 1
    assert "draft, not saved" in clara.page.locator("#rail-blood-count").inner_text()

    # Something unsent stays on the ward's computer; the next person there neither sees nor sends it.
    clara.context.set_offline(True)
    form.locator("[name=haemoglobin]").fill("10.9")
    clara.page.locator("#visit-state", has_text="On this device only").wait_for()
    clara.context.set_offline(False)
    local = clara.page.evaluate("JSON.stringify(localStorage)")
    clara.context.clear_cookies()
    Draft.objects.filter(user=universe.clara).update(typed={"done": "Y"}, base={"done": ""})
    ines = sign_in(universe.ines, PASSWORD)
    ines.page.evaluate("all => Object.entries(JSON.parse(all)).forEach(([k, v]) => localStorage.setItem(k, v))", local)
    his = open_visit(ines, visit)
    assert his.locator("[name=haemoglobin]").input_value() == ""
    assert ines.page.locator("#drafts").inner_text() == ""
    assert not Draft.objects.filter(user=universe.ines).exists()


@pytest.mark.requirement("RQ-45")
def test_after_a_sign_out_it_goes_on_at_the_same_question(sign_in, universe, visit, settings):
    clara = sign_in(universe.clara, PASSWORD)
    form = open_visit(clara, visit)
    choose(form, "done", "Y")
    clara.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    form.locator("[name=haemoglobin]").fill("10.9")
    clara.page.get_by_role("link", name="Sign in and go on").first.click()
    clara.page.fill("#id_username", universe.clara.username)
    clara.page.fill("#id_password", PASSWORD)
    clara.page.click("button.primary")
    clara.page.wait_for_url(lambda url: "/visits/" in url)
    expect(clara.page.locator("[name=haemoglobin]")).to_have_value("10.9")
    assert clara.page.evaluate("location.hash") == "#id_blood-count-haemoglobin"
