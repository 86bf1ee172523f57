"""Subject numbers: the check character finds every single error and every swap of neighbours."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrollment.numbering import (
    CHECK_ALPHABET,
    MODULUS,
    check,
    check_character,
    problem,
    screening_number,
    subject_number,
)

SITES, SEQUENCES = st.integers(1, 99), st.integers(1, 999)
PLACES = (0, 1, 3, 4, 5)  # the digits of SS-NNN-C


def test_the_alphabet_has_no_look_alikes() -> None:
    assert MODULUS == len(set(CHECK_ALPHABET)) == 31
    assert not set(CHECK_ALPHABET) & set("0O1IL")
    assert all(CHECK_ALPHABET.index(digit) == int(digit) for digit in "23456789")


@pytest.mark.parametrize(
    ("site", "sequence", "expected"),
    [
        (1, 1, "01-001-C"),  # by hand: 81 + 3 = 84 = 2*31 + 22; 22 + 10 = 31 + 1; the character at 10 is C
        (1, 2, "01-002-7"),  # 81 + 6 = 87 = 2*31 + 25; 25 + 7 = 31 + 1
        (99, 999, "99-999-P"),  # 9 * 363 = 3267 = 105*31 + 12; 12 + 20 = 31 + 1
    ],
)
def test_examples_computed_by_hand(site: int, sequence: int, expected: str) -> None:
    assert subject_number(site, sequence) == expected


def test_screening_number() -> None:
    assert screening_number(1, 7) == "S01-007"


def test_every_number_there_can_be_is_accepted_and_unique() -> None:
    numbers = [subject_number(site, sequence) for site in range(1, 100) for sequence in range(1, 1000)]
    assert len(set(numbers)) == 99 * 999
    assert all(check(number) for number in numbers)


def test_every_single_error_and_every_swap_changes_the_total_for_all_sites_and_sequences() -> None:
    """Exhaustive over all 100000 digit strings: no two that differ by one digit or one swap share a check character."""
    table = [check_character(f"{number:05d}") for number in range(100_000)]
    for power in (1, 10, 100, 1000, 10_000):
        for start in (number for number in range(100_000) if number // power % 10 == 0):
            assert len({table[start + digit * power] for digit in range(10)}) == 10
    for power in (1, 10, 100, 1000):
        for number, character in enumerate(table):
            low, high = number // power % 10, number // (power * 10) % 10
            if low < high:
                assert table[number + (high - low) * (power - power * 10)] != character


@given(site=SITES, sequence=SEQUENCES, place=st.sampled_from(PLACES), digit=st.sampled_from("0123456789"))
def test_a_wrong_digit_is_found(site: int, sequence: int, place: int, digit: str) -> None:
    right = subject_number(site, sequence)
    assert check(right[:place] + digit + right[place + 1 :]) is (right[place] == digit)


@given(site=SITES, sequence=SEQUENCES, character=st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_a_wrong_check_character_is_found(site: int, sequence: int, character: str) -> None:
    right = subject_number(site, sequence)
    assert check(right[:-1] + character) is (right[-1] == character)


@given(site=SITES, sequence=SEQUENCES, pair=st.sampled_from([(0, 1), (1, 3), (3, 4), (4, 5), (5, 7)]))
def test_a_swap_of_neighbours_is_found_also_across_the_hyphens(site: int, sequence: int, pair: tuple[int, int]) -> None:
    right = subject_number(site, sequence)
    swapped = list(right)
    swapped[pair[0]], swapped[pair[1]] = swapped[pair[1]], swapped[pair[0]]
    assert check("".join(swapped)) is (right[pair[0]] == right[pair[1]])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "has the form"),
        ("1-001-T", "has the form"),
        ("01-001-c", "has the form"),
        ("01-001-C ", "has the form"),
        ("01001C", "has the form"),
        ("\u0660\u0661-\u0660\u0660\u0661-C", "has the form"),
        ("01-000-T", "start at 1"),
        ("00-001-T", "start at 1"),
        ("01-001-U", "check character does not fit"),
    ],
)
def test_a_bad_number_says_why(number: str, words: str) -> None:
    found = problem(number)
    assert found is not None
    assert words in found
    assert not check(number)


@pytest.mark.parametrize(("site", "sequence"), [(0, 1), (100, 1), (1, 0), (1, 1000), (-1, 5)])
def test_out_of_range_is_refused(site: int, sequence: int) -> None:
    for make in (subject_number, screening_number):
        with pytest.raises(ValueError, match=re.compile("must be from 1 to")):
            make(site, sequence)


@pytest.mark.parametrize(("site", "sequence"), [(1, 1), (99, 1), (1, 999), (99, 999)])
def test_the_ends_of_the_range_work(site: int, sequence: int) -> None:
    assert problem(subject_number(site, sequence)) is None
    assert screening_number(site, sequence) == f"S{site:02d}-{sequence:03d}"
