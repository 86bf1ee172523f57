"""Which spellings are the same child, and which are not."""

from __future__ import annotations

from datetime import date

import pytest

from identity.comparable import keys, words
from itp_trial.normalise import Unreadable, holds_national_id, text

BORN = date(2019, 3, 5)

#: What clerks at two hospitals may write for one name.
SAME = {
    "forms of alef": ("أحمد إبراهيم آدم", "احمد ابراهيم ادم"),
    "taa marbuta and haa": ("فاطمة حمزة", "فاطمه حمزه"),
    "alef maqsura and yaa": ("يحيى مصطفى", "يحيي مصطفي"),
    "carriers of hamza": ("فؤاد رائد هناء", "فواد رايد هنا"),
    "vocalisation": ("مُحَمَّد عَلِيّ", "محمد علي"),
    "tatweel": ("محـــمد عـلي", "محمد علي"),
    "article": ("محمد السيد", "محمد سيد"),
    "a compound in one word": ("عبدالرحمن محمد", "عبد الرحمن محمد"),
    "a compound with God": ("هبة الله علي", "هبةالله علي"),
    "a compound with religion": ("نور الدين علي", "نورالدين علي"),
    "a father’s byname": ("علي ابو زيد", "علي أبوزيد"),
    "a Persian keyboard": ("علی کریم", "علي كريم"),
    "presentation forms": ("ﻣﺤﻤﺪ علي", "محمد علي"),
    "spaces and commas": ("  محمد ،  علي ", "محمد علي"),
    "Latin vowels": ("Mohamed Youssef", "Muhammad Yusuf"),
    "Latin article": ("Ahmed El-Sayed", "ahmad elsayed"),
    "Latin compound": ("Abd El-Rahman Aly", "Abdelrahman Ali"),
    "Latin accents and apostrophes": ("Mo'men Gamāl", "Momen Jamal"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert words(one) == words(other) != []


@pytest.mark.parametrize(("one", "other"), [
    ("محمد علي", "محمود علي"), ("حسن علي", "حسين علي"), ("سلمى", "سليم"), ("عبد الله", "عبد الرحمن"), ("عمر", "عمرو"),
    ("Mona", "Amina"), ("Ali", "Layla"),
])  # fmt: skip
def test_names_that_are_not_one(one: str, other: str) -> None:
    assert words(one) != words(other)


CHILD, MOTHER = "أحمد محمد عبد الرحمن", "سامية علي"


def in_common(child: str, mother: str, born: date) -> int:
    return len(set(keys(CHILD, MOTHER, BORN)) & set(keys(child, mother, born)))


@pytest.mark.parametrize(("child", "mother", "born", "found"), [
    (CHILD, MOTHER, BORN, 3),
    ("احمد محمد", "", BORN, 1),                                # no mother, no grandfather
    ("أحمد حسن", "ساميه", BORN, 1),                            # another father's name
    ("أحمد محمد عبدالرحمن", "سامية", date(2018, 7, 9), 1),      # another birth date
    ("أحمد محمد", "هدى", date(2019, 5, 3), 1),                  # day and month exchanged, another mother
    ("محمود محمد عبد الرحمن", MOTHER, BORN, 0),                 # the twin
    ("أحمد حسن علي", "هدى", BORN, 0),                           # a namesake born on that day
    ("أحمد", "", BORN, 0),                                      # too little to say anything
])  # fmt: skip
def test_one_key_is_enough(child: str, mother: str, born: date, found: int) -> None:
    assert in_common(child, mother, born) == found


@pytest.mark.requirement("RQ-68")
@pytest.mark.parametrize(("typed", "is_one"), [
    ("31903050112345", True), ("٣١٩٠٣٠٥٠١١٢٣٤٥", True), ("ID: 2 990115 21 01234 (father)", True), ("319 0305 0112345.", True),
    ("3190305011234", False), ("319030501123456", False), ("31913050112345", False), ("31903050512345", False),
    ("01001234567", False), ("+20 100 123 4567", False), ("05/03/2026 14:30", False), ("20251126103015", False),
    ("5ba7b811-9dad-11d1-80b4-00c04fd430c8", False), ("lot MP-01-20261126", False),
])  # fmt: skip
def test_what_looks_like_a_national_id_is_refused_in_every_text(typed: str, is_one: bool) -> None:
    assert holds_national_id(typed) is is_one
    if is_one:
        with pytest.raises(Unreadable, match="national ID"):
            text(typed)
