"""Typed text: what is accepted, what it becomes, and what the person is told otherwise."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itp_trial import normalise
from itp_trial.normalise import Unreadable


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("85", "85"),
        (" 12.5 ", "12.5"),
        ("١٢٣", "123"),
        ("۱۲۳", "123"),
        ("١٢٣٫٥", "123.5"),
        ("١٬٢٣٤", "1234"),
        ("١٬٢٣٤٫٥", "1234.5"),
        ("-0", "0"),
        ("-5.2", "-5.2"),
    ],
)
def test_numbers_as_people_type_them(typed, stored):
    assert normalise.number(typed) == Decimal(stored)
    assert str(normalise.number(typed)) == stored


@pytest.mark.parametrize(
    ("typed", "meant"), [("١٬٥", "1.5"), ("1٬5", "1.5"), ("١٬٢٣", "1.23"), ("٬٥", ".5"), ("1234٬567", "1234.567")]
)
def test_a_thousands_sign_in_a_wrong_place_is_asked_about(typed, meant):
    with pytest.raises(Unreadable, match=f"Did you mean {meant}"):
        normalise.number(typed)


@pytest.mark.parametrize(
    "typed", ["abc", "1e3", "1_000", "+5", "NaN", "Infinity", "1E+5000000", "9" * 5000, "1,5", "٫", "", "1 2", "0x10", str(2**63)]
)
def test_what_is_no_number(typed):
    with pytest.raises(Unreadable):
        normalise.number(typed)


def test_a_decimal_comma_is_explained():
    with pytest.raises(Unreadable, match=r"12\.5"):
        normalise.number("12,5")


@pytest.mark.parametrize(
    "typed", ["05/03/2026", "5/3/2026", "5-3-2026", "2026-03-05", "5 Mar 2026", "05 march 2026", "٠٥/٠٣/٢٠٢٦", "5.3.2026"]
)
def test_days_are_read_day_first(typed):
    assert normalise.day(typed) == date(2026, 3, 5)


@pytest.mark.parametrize("typed", ["29/02/2026", "31/04/2026", "05/13/2026", "32/01/2026", "2026", "03/2026", "5/3/26", ""])
def test_what_is_no_day(typed):
    with pytest.raises(Unreadable):
        normalise.day(typed)


def test_29_february_of_a_leap_year():
    assert normalise.day("29/02/2024") == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("2026", "2026"),
        ("03/2026", "2026-03"),
        ("UN/03/2026", "2026-03"),
        ("UN/UN/2026", "2026"),
        ("unk/mar/2026", "2026-03"),
        ("05/03/2026", "2026-03-05"),
        ("2026-03", "2026-03"),
    ],
)
def test_partial_dates_keep_their_precision(typed, stored):
    assert normalise.partial_day(typed) == stored


@pytest.mark.parametrize("typed", ["13/2026", "2026-00", "UN/0/2026", "5/UN/2026x", "UN", "30/02/2026", "0000"])
def test_what_is_no_partial_date(typed):
    with pytest.raises(Unreadable):
        normalise.partial_day(typed)


@pytest.mark.parametrize(
    ("typed", "utc"),
    [
        ("05/03/2026 14:30", "2026-03-05T12:30"),
        ("05/07/2026 14:30", "2026-07-05T11:30"),
        ("2026-07-05T14:30", "2026-07-05T11:30"),
        ("29/10/2026 23:30 +03:00", "2026-10-29T20:30"),
        ("29/10/2026 23:30 +02:00", "2026-10-29T21:30"),
        ("٠٥/٠٣/٢٠٢٦ ١٤:٣٠", "2026-03-05T12:30"),
    ],
)
def test_moments_are_cairo_time(typed, utc):
    from datetime import UTC

    assert normalise.moment(typed).astimezone(UTC).strftime("%Y-%m-%dT%H:%M") == utc


def test_the_hour_that_does_not_exist():
    with pytest.raises(Unreadable, match="does not exist"):
        normalise.moment("24/04/2026 00:30")


def test_the_hour_that_happens_twice():
    with pytest.raises(Unreadable, match="happened twice"):
        normalise.moment("29/10/2026 23:30")


@pytest.mark.parametrize("typed", ["05/03/2026", "05/03/2026 25:00", "05/03/2026 14:60", "14:30", "05/03/2026 14:30 +05:00"])
def test_what_is_no_moment(typed):
    with pytest.raises(Unreadable):
        normalise.moment(typed)


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800", "a‮b", "x\x07"])
def test_characters_that_cannot_be_stored(bad):
    with pytest.raises(Unreadable):
        normalise.text(bad)


def test_text_is_composed_and_trimmed():
    assert normalise.text("  é \r\n b ") == "é \n b"


def test_the_longest_note():
    assert normalise.text("a" * normalise.LONGEST_NOTE)
    with pytest.raises(Unreadable, match="10,001"):
        normalise.text("a" * (normalise.LONGEST_NOTE + 1))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_never_an_accident(raw):
    for read in (normalise.text, normalise.number, normalise.day, normalise.partial_day, normalise.moment):
        try:
            read(raw)
        except Unreadable as refusal:
            assert str(refusal)


@given(st.decimals(min_value=-99999, max_value=99999, places=2))
def test_every_plain_decimal_round_trips(value):
    assert normalise.number(str(value)) == value


@pytest.mark.parametrize("typed", ["Mar 5 2026", "Mar-05-2026", "2026 5 Mar", "5 mayonnaise 2026", "2026-Mar-05"])
def test_a_month_in_letters_stands_between_day_and_year_or_is_refused(typed):
    """Guessing would turn 5 March into 3 May."""
    with pytest.raises(Unreadable):
        normalise.day(typed)


@pytest.mark.parametrize("typed", ["05/UN/2026", "2026-UN-05"])
def test_a_day_without_its_month_is_never_taken_for_a_month(typed):
    with pytest.raises(Unreadable, match="without its month"):
        normalise.partial_day(typed)


@pytest.mark.parametrize("typed", ["01/01/0001", "31/12/9999", "05/03/1989"])
def test_absurd_years(typed):
    with pytest.raises(Unreadable, match="cannot be right"):
        normalise.day(typed)


def test_utc_is_not_taken_for_cairo_time():
    with pytest.raises(Unreadable):
        normalise.moment("2026-08-01T10:00Z")
    assert normalise.moment("05 OCT 2026 10:00").hour == 10
