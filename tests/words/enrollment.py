"""Stories about eligibility and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from enrollment.eligibility import Evidence, PartialDate, assess
from enrollment.numbering import check_character, problem, screening_number, subject_number
from tests.enrollment.test_eligibility import CHILD
from tests.words.shown import Stories

D = date.fromisoformat


def child(*, strict: bool = False, **changes: Any) -> Callable[[], Any]:
    return lambda: assess(replace(CHILD, **changes), strict_age=strict)


def said(code: str, *, strict: bool = False, **changes: Any) -> Callable[[], Any]:
    """One criterion, and the warnings."""

    def ask() -> Any:
        found = child(strict=strict, **changes)()
        return [next(each for each in found.criteria if each.code == code), *found.warnings]

    return ask


ELIGIBILITY: Stories = {
    "eligibility: nothing answered": lambda: assess(Evidence()),
    "eligibility: nothing answered, reasons": lambda: assess(Evidence()).reasons,
    "eligibility: a suitable child": child(),
    "eligibility: everything speaks against it": child(
        birth_date=D("2010-01-01"),
        diagnosis="2020",
        tpo_ra_ever=True,
        severe_ivig_reaction=True,
        intracranial_haemorrhage=True,
        difficult_venous_access=True,
        other_thrombocytopenia=True,
        entry_count=Decimal(120),
        iga_deficiency=True,
        renal_impairment=True,
        positive_dat=True,
        thrombosis_history=True,
        live_vaccine_recent=True,
        concurrent_steroids=True,
        in_another_study=True,
    ),
    "eligibility: one screen open, one yes": said("INCL01", iga_deficiency=None, positive_dat=None, concurrent_steroids=True),
    "eligibility: age strictly read": said("INCL01", strict=True, birth_date=D("2015-03-02")),
    "eligibility: born after the consent": said("INCL01", birth_date=D("2025-03-03")),
    "eligibility: born on the day of the consent": said("INCL01", birth_date=D("2025-03-02")),
    "eligibility: without a day of consent": said("INCL01", confirmed_on=None),
    "eligibility: consent on another day": said("INCL01", consent_on=D("2024-12-31")),
    "eligibility: diagnosis without a day, both ways": said("INCL02", diagnosis="2024-12"),
    "eligibility: diagnosis on a limit": said("INCL02", diagnosis="2024-12-02"),
    "eligibility: diagnosis of a month that begins on a limit": said("INCL02", diagnosis="2024-03", confirmed_on=D("2025-03-01")),
    "eligibility: diagnosis after the confirmation": said("INCL02", diagnosis="2025-03-03"),
    "eligibility: diagnosis this month": said("INCL02", diagnosis="2025-03"),
    "eligibility: diagnosis, but no day of confirmation": said("INCL02", confirmed_on=None),
    "eligibility: diagnosis unreadable": said("INCL02", diagnosis="in winter"),
    "eligibility: diagnosis on no day": said("INCL02", diagnosis="2025-02-30"),
    "eligibility: chronic on Day 0": said("INCL02", day_0=D("2025-10-03"), entry_count_on=D("2025-10-01")),
    "eligibility: perhaps chronic on Day 0": said(
        "INCL02", diagnosis="2024-10", day_0=D("2025-10-15"), entry_count_on=D("2025-10-14")
    ),
    "eligibility: persistent on Day 0": said("INCL02", day_0=D("2025-10-02"), entry_count_on=D("2025-10-01")),
    "eligibility: chronic at confirmation": said("INCL02", diagnosis="2023-10-02", day_0=D("2025-03-03")),
    "eligibility: no count": said("ENTRYPLT", entry_count=None),
    "eligibility: no day of the count": said("ENTRYPLT", entry_count_on=None),
    "eligibility: no day to compare the count with": said("ENTRYPLT", confirmed_on=None),
    "eligibility: an old count": said("ENTRYPLT", entry_count_on=D("2025-02-22")),
    "eligibility: a count of tomorrow": said("ENTRYPLT", entry_count_on=D("2025-03-03")),
    "eligibility: a count of 100": said("ENTRYPLT", entry_count=Decimal(100)),
    "eligibility: a count of 50": said("ENTRYPLT", entry_count=Decimal(50)),
    "eligibility: a count of 30": said("ENTRYPLT", entry_count=Decimal(30)),
    "eligibility: less than nothing": child(entry_count=Decimal(-1)),
    "eligibility: a date": lambda: PartialDate.parse(" 2024-02 "),
    "eligibility: a year": lambda: PartialDate.parse("2024"),
}

NUMBERS: Stories = {
    "number: of a child": lambda: [subject_number(site, child) for site, child in ((1, 1), (2, 34), (12, 345), (99, 999))],
    "number: its check character": lambda: [check_character(digits) for digits in ("01001", "00000", "98765", "10000", "00001")],
    "number: of a screening": lambda: [screening_number(1, 7), screening_number(99, 999)],
    "number: no site 0": lambda: subject_number(0, 1),
    "number: no site 100": lambda: subject_number(100, 1),
    "number: no child 0": lambda: subject_number(1, 0),
    "number: no child 1000": lambda: subject_number(1, 1000),
    "number: no site 0 at screening": lambda: screening_number(0, 1),
    "number: no site 100 at screening": lambda: screening_number(100, 1),
    "number: no screening 0": lambda: screening_number(1, 0),
    "number: no screening 1000": lambda: screening_number(1, 1000),
    "number: problems": lambda: {
        typed: problem(typed)
        for typed in (
            subject_number(1, 1),
            "1-1-A",
            "01-001-a",
            "00-001-A",
            "01-000-A",
            "01-001-A",
            "01-002-C",
            "x01-001-C",
            "01-001-CC",
        )
    },
}

STORIES: Stories = {**ELIGIBILITY, **NUMBERS}
