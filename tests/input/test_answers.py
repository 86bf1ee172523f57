"""One bad answer at a time, through the page and through the API: the same words, and the form stays as it was."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from casebook.items import plain
from casebook.models import FormRecord
from casebook.templatetags.casebook import day as shown_day
from tests.input.conftest import Desk, count_of

ARABIC, PERSIAN = "٨٥", "۸۵"
TOMORROW = f"{timezone.localdate() + timedelta(days=2):%d/%m/%Y} 08:00"

#: What is typed, and what the message at the field says.
REFUSED = [
    ("platelets", "abc", "“abc” is not a number"),
    ("platelets", "85 000", "“85 000” is not a number"),
    ("platelets", "85 000 /µL", "“85 000 /µL” is not a number"),
    ("platelets", "85,5", "use a point for decimals, for example 85.5"),
    ("platelets", "85000", "Was it printed per µL? Then enter 85 (×10⁹/L)"),
    ("platelets", "١٥٠٠٠٠", "Was it printed per µL? Then enter 150 (×10⁹/L)"),
    ("haemoglobin", "118", "Was it printed in g/L? Then enter 11.8 (g/dL)"),
    ("platelets", "-1", "is not possible here: enter 0 to 2000"),
    ("platelets", "85.5555", "At most 3 decimals"),
    ("haemoglobin", "11.85", "At most 1 decimals"),
    ("platelets", "1e3", "“1e3” is not a number"),
    ("platelets", "1_000", "“1_000” is not a number"),
    ("platelets", "+5", "is not a number"),
    ("platelets", "NaN", "“NaN” is not a number"),
    ("platelets", "Infinity", "is not a number"),
    ("platelets", "0x10", "“0x10” is not a number"),
    ("platelets", "85 apples", "“apples” is not a unit of this result"),
    ("platelets", "1E+5000000", "“1E+5000000” is not a number"),
    ("platelets", str(2**63), "is not a number"),
    ("platelets", "999999999999", "is not possible"),
    ("platelets", "9" * 5000, "is not a number"),
    ("platelets", "8\x005", "cannot be stored (U+0000)"),
    ("platelets", "8\u202e5", "cannot be stored (U+202E)"),
    ("taken_at", TOMORROW, "lies in the future"),
    ("taken_at", "29/02/2026 08:00", "is not a day of the calendar"),
    ("taken_at", "31/04/2026 08:00", "is not a day of the calendar"),
    ("taken_at", "05/13/2026 08:00", "is not a day of the calendar"),
    ("taken_at", "05/03/2026", "is not a date and time"),
    ("taken_at", "05/03/2026 25:00", "is not a date and time"),
    ("taken_at", "05/03/0001 08:00", "The year 1 cannot be right"),
    ("taken_at", "31/12/9999 08:00", "cannot be right"),
    ("taken_at", "24/04/2026 00:30", "does not exist in Cairo"),
    ("taken_at", "29/10/2026 23:30", "happened twice in Cairo"),
    ("quality", "splendid", "choose one of the answers"),
    ("done", "yes", "choose one of the answers"),
    ("bleeding", "9", "choose one of the answers"),
]
#: Where the browser can only send what the page offers, the typed text is not shown again.
CHOSEN = ("quality", "done", "bleeding")
#: Depends on "done"; a form without it asks nothing else.
DECIDES = ("done",)


def _id(part: object) -> str:
    return str(part)[:24].encode("unicode_escape").decode()


@pytest.mark.parametrize(("name", "typed", "message"), REFUSED, ids=_id)
def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(desk: Desk, day: date, name: str, typed: str, message: str) -> None:
    answer = desk.post(count_of(day, **{name: typed}))
    assert answer.status_code == 422
    [error] = answer.context["form"].main.fields[name].errors
    assert message in error
    assert desk.typed(answer, name) == typed
    if name not in CHOSEN and "\x00" not in typed:
        assert desk.typed(answer, "taken_at" if name == "platelets" else "platelets"), "the other answers stand there too"
    assert desk.record.version == 0
    assert desk.record.crf()._state.adding, "nothing is stored"


@pytest.mark.parametrize(("name", "typed", "message"), REFUSED, ids=_id)
def test_the_api_says_the_same(desk: Desk, day: date, name: str, typed: str, message: str) -> None:
    answers = {n: t for n, t in count_of(day, **{name: typed}).items() if n != "record-version"}
    answer = desk.put(**answers)
    if "\x00" in typed:
        assert answer.status_code == 400, "no JSON that we read holds a NUL"
        return
    assert answer.status_code == 422
    assert message in answer.json()["errors"][name][0]
    assert desk.record.version == 0


#: What is typed, and what is stored.
ACCEPTED = [
    ("platelets", ARABIC, Decimal(85)),
    ("platelets", PERSIAN, Decimal(85)),
    ("platelets", "٨٥\u066b٥", Decimal("85.5")),
    ("platelets", " 85 ", Decimal(85)),
    ("platelets", "-0", Decimal(0)),
    ("platelets", "085", Decimal(85)),
    ("platelets", "85.50", Decimal("85.5")),
    ("platelets", "85.55", Decimal("85.55")),
    ("platelets", "85555 /µL", Decimal("85.555")),
    ("bleeding", "٠", "0"),
]


@pytest.mark.parametrize("door", ["page", "api"])
@pytest.mark.parametrize(("name", "typed", "value"), ACCEPTED, ids=_id)
def test_digits_of_any_keyboard_are_stored_as_the_same_number(
    desk: Desk, day: date, door: str, name: str, typed: str, value: Any
) -> None:
    posted = count_of(day, **{name: typed})
    if door == "page":
        assert desk.post(posted).status_code == 302
    else:
        assert desk.put(**{n: t for n, t in posted.items() if n != "record-version"}).status_code == 200
    assert desk.stored[name] == value
    if isinstance(value, Decimal):
        assert plain(desk.stored[name]) == plain(value), "and zero has no sign"


@pytest.mark.parametrize("written", ["{:%d/%m/%Y} 08:30", "{:%Y-%m-%d} 08:30", "{:%Y-%m-%d}T08:30", "{:%d.%m.%Y} 8:30"])
def test_moments_are_read_day_first(desk: Desk, day: date, written: str) -> None:
    assert desk.post(count_of(day, taken_at=written.format(day))).status_code == 302
    stored = timezone.localtime(desk.stored["taken_at"])
    assert (stored.date(), stored.hour, stored.minute) == (day, 8, 30)


def test_the_hour_that_happens_twice_comes_back_as_it_was_typed(desk: Desk) -> None:
    """A stored form can be opened and saved again, also when its time needs the offset."""
    last_october = date(timezone.localdate().year - 1, 10, 31)
    thursday = last_october - timedelta(days=(last_october.weekday() - 3) % 7)
    for version, typed in enumerate((f"{thursday:%d/%m/%Y} 23:30 +03:00", f"{thursday:%d/%m/%Y} 23:30 +02:00")):
        posted = {"record-version": str(version), "done": "Y", "taken_at": typed, "change-reason": "typing"}
        assert desk.post(posted).status_code == 302
        page = desk.client.get(desk.url).context["form"].main.fields["taken_at"].typed
        assert page.endswith(typed[-6:].replace(":", ""))
        assert desk.record.crf().items()["taken_at"].parse(page) == desk.stored["taken_at"]


def test_a_text_that_begins_with_about_is_a_text(desk: Desk) -> None:
    """Only a known reason code behind the tilde means "missing"."""
    assert desk.post({"record-version": "0", "done": "N", "why_not": "~2 mL only"}).status_code == 302
    assert desk.stored["why_not"] == "~2 mL only"
    assert desk.record.crf().missing == {}


def test_a_reason_for_a_missing_value_is_one_of_the_list(desk: Desk, day: date) -> None:
    answer = desk.post(count_of(day, platelets="", platelets__missing="LAZY"))
    assert answer.status_code == 422
    assert answer.context["form"].main.fields["platelets"].errors == [
        "Please choose one of the listed reasons for a missing value."
    ]


LONG = {
    "10,000 characters": ("x" * 10_000, 302),
    "10,001 characters": ("x" * 10_001, 422),
    "200,000 characters without a space": ("x" * 200_000, 422),
    "10 MB": ("x" * 10_000_000, 400),
}


@pytest.mark.row("P4")
@pytest.mark.parametrize(("typed", "status"), LONG.values(), ids=LONG)
def test_long_notes_have_a_limit_that_is_told(desk: Desk, typed: str, status: int) -> None:
    answer = desk.post({"record-version": "0", "done": "N", "why_not": typed})
    assert answer.status_code == status
    assert (desk.record.version == 1) == (status == 302)
    if status == 422:
        assert f"has {len(typed):,} characters; at most 10,000" in answer.content.decode()


def test_ten_megabytes_of_json_are_refused(desk: Desk) -> None:
    assert desk.put(why_not="x" * 10_000_000, done="N").status_code in (400, 413)
    assert desk.record.version == 0


def test_two_thousand_fields_are_refused(desk: Desk) -> None:
    answer = desk.post({"record-version": "0", **{f"field{n}": "1" for n in range(2000)}})
    assert answer.status_code == 400
    assert desk.record.version == 0


def test_nine_hundred_unknown_fields_are_named(desk: Desk) -> None:
    answer = desk.post({"record-version": "0", **{f"field{n}": "1" for n in range(900)}})
    assert answer.status_code == 422
    assert "Not an item of this form: field0, field1" in answer.content.decode()


def test_a_lone_surrogate_is_no_text(desk: Desk) -> None:
    body = '{"version": 0, "answers": {"done": "N", "why_not": "\\ud800"}}'
    answer = desk.client.put(desk.api, body, "application/json")
    assert answer.status_code == 400
    raw = desk.client.post(desk.url, "record-version=0&done=N&why_not=%ED%A0%80", "application/x-www-form-urlencoded")
    assert raw.status_code in (302, 422), "a browser cannot send one; what it sends instead is stored or refused, no error"


BODIES = {
    "no JSON": "{",
    "a list": "[]",
    "a number": "1",
    "NaN": '{"version": 0, "answers": {"platelets": NaN}}',
    "Infinity": '{"version": 0, "answers": {"platelets": -Infinity}}',
    "a key twice": '{"version": 0, "version": 1, "answers": {}}',
    "a byte order mark": "\ufeff{}",
    "very deep": "[" * 100_000,
    "no version": '{"answers": {}}',
    "a version that is no number": '{"version": "x", "answers": {}}',
    "a negative version": '{"version": -1, "answers": {}}',
    "a huge version": '{"version": 9223372036854775808, "answers": {}}',
    "answers as a list": '{"version": 0, "answers": []}',
    "an answer as an object": '{"version": 0, "answers": {"platelets": {"value": 1}}}',
    "an answer as a list": '{"version": 0, "answers": {"platelets": [1]}}',
    "an answer as a truth value": '{"version": 0, "answers": {"platelets": true}}',
    "an unknown item": '{"version": 0, "answers": {"platelet": "1"}}',
    "a system field": '{"version": 0, "answers": {}, "status": "complete"}',
    "rows of a form without rows": '{"version": 0, "answers": {}, "rows": {"bags": []}}',
    "a value and a reason why it is missing": '{"version": 0, "answers": {"done": "Y"}, "missing": {"done": "ND"}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_api_refuses_what_it_cannot_read_with_400(desk: Desk, body: str) -> None:
    answer = desk.client.put(desk.api, body.encode(), "application/json")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert desk.record.version == 0


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
@pytest.mark.row("W9", "W15")
def test_the_api_reads_json_only(desk: Desk, kind: str) -> None:
    assert desk.client.put(desk.api, b"version=0", kind).status_code == 415


def test_a_number_in_json_is_as_good_as_its_text(desk: Desk, day: date) -> None:
    """No float in between: 0.1 stays 0.1."""
    body = f'{{"version": 0, "answers": {{"done": "Y", "taken_at": "{day} 08:30", "platelets": 85.1}}}}'
    assert desk.client.put(desk.api, body, "application/json").status_code == 200
    assert desk.stored["platelets"] == Decimal("85.1")


# --- everything at once ----------------------------------------------------------------------------------------------


def test_every_hard_error_is_shown_at_once(universe: Any, desk_of: Any) -> None:
    """Wrong in itself and wrong together: one round of corrections is enough."""
    desk = desk_of(universe.clara, universe.record(universe.screening, "screening", "SCREEN"))
    today = universe.today
    answer = desk.post({
        "record-version": "0", "no_such_item": "1",
        "screened_on": f"{today:%d/%m/%Y}", "birth_date": f"{today + timedelta(days=0):%d/%m/%Y}", "diagnosed_on": "2019",
        "entry_count": "85000", "sex": "X", "entry_count_on": "31/04/2026",
    })  # fmt: skip
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert set(errors) == {"", "entry_count", "sex", "entry_count_on", "birth_date"}
    assert "The diagnosis is before the birth." in errors["birth_date"][0]
    text = answer.content.decode()
    for messages in errors.values():
        for message in messages:
            assert text.count(str(message).replace("'", "&#x27;").split("“")[0][:60]) >= 1
    assert f"Not saved yet: {len(errors)} things" in text


def test_every_soft_finding_is_raised_at_once_and_the_truth_is_stored(universe: Any, desk: Desk, day: date) -> None:
    early = universe.untreated.enrolled_on - timedelta(days=40)
    posted = count_of(early, platelets="1600", haemoglobin="7", leukocytes="50", quality="clotted", bleeding="")
    answer = desk.post(posted)
    assert answer.status_code == 302
    assert answer.headers["Location"] == desk.url, "back to the form, because something wants an answer"
    found = sorted(desk.record.findings.values_list("code", "item"))
    assert found == [
        ("CBC01", "taken_at"), ("CBC02", "platelets"), ("CBC03", "quality"), ("CBC11", "platelets"),
        ("MISSING", "bleeding"), ("RANGE", "haemoglobin"), ("RANGE", "leukocytes"), ("RANGE", "platelets"),
    ]  # fmt: skip
    assert desk.stored["platelets"] == Decimal(1600)
    text = desk.client.get(desk.url).content.decode()
    assert all(message.split("“")[0] in text for message in desk.record.findings.values_list("message", flat=True))


def test_what_is_stored_is_what_was_shown(desk: Desk, day: date) -> None:
    assert desk.post(count_of(day, platelets=ARABIC)).status_code == 302
    text = desk.client.get(desk.url).content.decode()
    assert 'value="85"' in text
    assert shown_day(day) in text


def test_answers_that_are_no_longer_asked_are_emptied_and_told(desk: Desk, day: date) -> None:
    assert desk.post(count_of(day)).status_code == 302
    answer = desk.client.post(
        desk.url,
        count_of(day, done="N", why_not="Child was ill", **{"record-version": "1", "change-reason": "typing"}), follow=True,
    )  # fmt: skip
    assert "Emptied because no longer asked: Sample taken, Quality of the sample, Platelets" in answer.content.decode()
    assert desk.stored["platelets"] is None


def test_unreadable_record_version_is_stale_not_an_error(desk: Desk, day: date) -> None:
    for version in ("", "x", "-1", "²", "9" * 30, "0x1", "\x00"):
        answer = desk.post(count_of(day, **{"record-version": version}))
        assert answer.status_code == 409, version
    assert FormRecord.objects.get(pk=desk.key).version == 0
