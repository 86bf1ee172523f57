"""The page for the family: Arabic that is joined and reads from the right, numbers without a judgement, no name, one sheet."""

from __future__ import annotations

import io
import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pypdf
import pytest
from django.urls import reverse

from itp_trial.models import AccessEntry
from reports import arabic
from reports.family_page import STEPS, coming, counted, next_visits

TODAY = date(2026, 11, 26)


def test_numbers_and_days_in_arabic() -> None:
    assert [arabic.number(n) for n in (0, 147, Decimal("12.50"), Decimal(60))] == ["٠", "١٤٧", "١٢٫٥", "٦٠"]
    assert arabic.day(date(2026, 11, 29)) == "الأحد ٢٩ نوفمبر ٢٠٢٦"
    assert arabic.day(date(2026, 6, 1)) == "الاثنين ١ يونيو ٢٠٢٦"
    assert arabic.moment(datetime(2026, 7, 31, 21, 2, 11, tzinfo=UTC)) == "السبت ١ أغسطس ٢٠٢٦ الساعة ٠٠:٠٢:١١ بتوقيت القاهرة"


def test_moments_are_those_of_cairo_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as there:
        there.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        assert arabic.moment(datetime(2026, 11, 29, 12, 2, 11, tzinfo=UTC)).startswith("الأحد ٢٩ نوفمبر ٢٠٢٦ الساعة ١٤:٠٢:١١")
    time.tzset()


def test_the_bars_stand_beside_the_highest_count() -> None:
    days = [TODAY - timedelta(days=n) for n in range(3)]
    assert [c.height for c in counted([(days[0], Decimal(200)), (days[1], Decimal(100)), (days[2], Decimal(1))])] == [
        STEPS,
        10,
        1,
    ]
    assert [c.height for c in counted([(days[0], Decimal(5))])] == [2], "a low count alone is not as high as the paper"
    assert not list(counted([]))


def visit(target: int, forms: tuple[str, ...], *, early: int = 1, late: int = 1) -> Any:
    day = TODAY + timedelta(days=target)
    records = [SimpleNamespace(form=form) for form in forms]
    return SimpleNamespace(target=day, opens=day - timedelta(days=early), closes=day + timedelta(days=late),
                           records=SimpleNamespace(all=lambda: records))  # fmt: skip


INFUSION, CALL = ("blood-count", "infusion"), ("contact",)


@pytest.mark.parametrize(
    ("visits", "seen"),
    [
        ([], []),
        ([visit(3, INFUSION), visit(9, INFUSION)], [(3, False, False)]),
        ([visit(2, CALL), visit(3, INFUSION), visit(4, CALL)], [(2, True, False), (3, False, False)]),
        ([visit(-9, INFUSION), visit(3, INFUSION)], [(3, False, False)]),
        ([visit(-9, INFUSION), visit(-3, INFUSION)], [(-3, False, True)]),
    ],
)
def test_the_next_visit_and_a_call_before_it(visits: list[Any], seen: list[tuple[int, bool, bool]]) -> None:
    found = [(each.closes, each.is_call, each.late) for each in next_visits(visits, TODAY)]
    assert found == [(arabic.day(TODAY + timedelta(days=target + 1)), call, late) for target, call, late in seen]


def test_days_that_are_over_are_not_offered() -> None:
    found = coming(visit(-1, ("blood-count", "virology", "laboratory"), late=5), {"blood-count", "virology", "laboratory"}, TODAY)
    assert (found.best, found.opens, found.late) == ("", arabic.day(TODAY), False)
    assert found.what == ("عيّنة دم صغيرة لعدّ الصفائح.", "تحليل دم."), "each sentence once"
    assert coming(visit(0, INFUSION), INFUSION, TODAY).best == arabic.day(TODAY)


def test_the_page_tells_the_counts_and_no_class(universe: Any, client_of: Any) -> None:
    client, child = client_of(universe.clara), universe.responder
    assert reverse("family-page", args=[child.pk]) in client.get(reverse("participant", args=[child.pk])).content.decode()
    html = client.get(reverse("family-page", args=[child.pk])).content.decode()
    assert '<html lang="ar" dir="rtl">' in html
    assert f'<bdi dir="ltr" class="code">{child.number}</bdi>' in html
    assert f"<strong>٧٠ ألف</strong>، يوم {arabic.day(universe.today - timedelta(days=1))}" in html
    assert html.index("<td><strong>٧٠</strong>") < html.index("<td><strong>٦٠</strong>") < html.index("<td><strong>١٢</strong>")
    assert "مثل الشاي أو الكولا" in html
    assert "لجنة الأخلاقيات" in html
    assert " style=" not in html
    assert not re.search(r"Response|ITP|NCT|استجابة", html.split("<main>")[1])
    empty = client.get(reverse("family-page", args=[universe.screening.pk])).content.decode()
    assert "لا يوجد تحليل حتى الآن." in empty


@pytest.mark.row("W10")
def test_the_pdf_is_one_sheet_with_joined_letters(universe: Any, client_of: Any) -> None:
    client = client_of(universe.clara)
    page = client.get(reverse("family-page", args=[universe.responder.pk])).content.decode()
    answer = client.get(re.findall(r'href="([^"]+family-page.pdf[^"]+)"', page)[0].replace("&amp;", "&"))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{universe.responder.number}-family.pdf"'
    [sheet] = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    text = sheet.extract_text()
    assert "ورقة الأسرة" in text
    assert universe.responder.number in text
    fonts = [font.get_object()["/ToUnicode"].get_data().decode() for font in sheet["/Resources"]["/Font"].values()]
    assert any(cmap.count("<0633>") >= 3 for cmap in fonts), "the letter seen has its own glyph at the begin, middle and end"
    line = AccessEntry.objects.filter(kind=AccessEntry.Kind.PRINT).latest("pk")
    assert (line.what, line.purpose) == (f"Page for the family of {universe.responder.number}", "Other: For the family")


def test_no_page_is_handed_out_for_a_child_that_died_and_none_without_a_printer(
    universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reports import pdf

    def refuse(html: str) -> bytes:
        raise pdf.PdfNotMade("Pango is missing.")

    monkeypatch.setattr(pdf, "rendered", refuse)
    client = client_of(universe.clara)
    assert client.get(reverse("family-pdf", args=[universe.responder.pk]) + "?purpose=analysis").status_code == 503
    universe.clinic().log(universe.responder, "death", died_on=universe.today, cause_text="x")
    assert client.get(reverse("family-page", args=[universe.responder.pk])).status_code == 404
    assert client.get(reverse("family-pdf", args=[universe.responder.pk]) + "?purpose=analysis").status_code == 404
