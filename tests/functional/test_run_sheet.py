"""One infusion end to end on a phone of 360 px: the second person, bags, start, a dead network, a reaction, the end."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from demo.people import PASSWORD
from dosing import actions, planning
from dosing.crfs import Infusion
from dosing.sheets import RunEvent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_infusion_of_a_maintenance_visit_on_a_phone(sign_in, transactional_universe):
    universe = transactional_universe
    record = universe.record(universe.foreign, "infusion", "M1")
    weight = Decimal(15)
    portions = planning.proposed(record, weight, planning.freezer(record))
    plan = actions.accept_plan(
        record=record, portions=portions, by=universe.otto, weight_kg=weight, weight_on=universe.today - timedelta(days=1)
    )

    omar = sign_in(universe.omar, PASSWORD, width=360)
    omar.open(reverse("dose-plan", args=[record.pk]))
    omar.accessible()
    omar.page.fill("#id_password", PASSWORD)
    omar.page.get_by_role("button", name="Confirm as the second person").click()
    omar.page.get_by_role("heading", name="Plan confirmed by two people").wait_for()

    otto = sign_in(universe.otto, PASSWORD, width=360)
    page = otto.open(reverse("run-sheet", args=[record.pk]))
    otto.accessible()

    def note(button, said, **typed):
        form = page.locator("form.tap", has=page.get_by_role("button", name=button, exact=True)).first
        for name, text in typed.items():
            form.locator(f"[name={name}]").fill(text)
        form.get_by_role("button", name=button, exact=True).click()
        page.get_by_text(said).first.wait_for()

    note("Note vital signs", "Vital signs noted", temperature="36.8", heart_rate="100", systolic="100", diastolic="60", spo2="98")
    for number, line in enumerate(plan.bags.all(), start=1):
        page.select_option("#bag", str(line.bag_id))
        page.get_by_role("button", name="Hang this bag").click()
        page.locator(".events li").nth(number).wait_for()
    note("Start the infusion now", "Start noted", rate="4.5")
    assert page.locator("#since").inner_text().startswith("0:00:")

    otto.context.set_offline(True)
    note("Note vital signs", "1 entry waits on this phone", heart_rate="104")
    note("Note vital signs", "2 entries wait on this phone", heart_rate="105")
    otto.context.set_offline(False)
    page.locator("#waiting").wait_for(state="hidden")
    waited = RunEvent.objects.filter(record=record, waited=True)
    assert sorted(event.values["heart_rate"] for event in waited) == ["104", "105"]
    assert all(event.at == event.device_at <= event.recorded_at for event in waited)

    note("Rate changed now", "Rate noted", rate="9")
    note("Pause", "Paused")
    note("Resume now", "Resume noted", rate="4.5")
    note("Note the reaction now", "Reaction noted", words="rash on both arms")
    assert "min after the start, at 4.5 mL/h" in page.locator("section.attention").inner_text()

    started = RunEvent.objects.get(record=record, kind="start")
    page.locator(".events li", has_text="start: 4.5 mL/h").get_by_text("Correct", exact=True).click()
    earlier = timezone.localtime(timezone.now() - timedelta(hours=4))
    page.fill(f"#at-{started.pk}", f"{earlier:%d/%m/%Y %H:%M}")
    page.fill(f"#why-{started.pk}", "noted late")
    page.get_by_role("button", name="Correct the time").first.click()
    page.get_by_text("does not count: corrected").wait_for()
    if pictures := os.environ.get("ITP_PICTURES"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=str(Path(settings.BASE_DIR) / pictures / "run-sheet-phone.png"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    otto.accessible()
    note("The infusion has ended", "End noted", left_ml="5")
    assert "within 3-8 h" in page.locator(".clock-card").inner_text()
    otto.accessible()

    infusion = Infusion.objects.get(pk=record.pk)
    assert (infusion.stopped_early, infusion.reaction, infusion.max_rate) == ("N", "Y", 9)
    assert infusion.volume_ml == plan.volume_ml - 5
    assert infusion.weight_kg == 15
