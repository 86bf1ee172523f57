"""``python -m benchmarks.classifying``: how many participants one core classifies in a second, at 20, 2,000 and 200,000.

No database: the courses are made up one at a time from a fixed seed, classified and forgotten, so that memory stays the
same at any number. The ratio is to making the same courses without classifying them, in turns. Every run checks its
answers: the sum of the verdicts of a slice is compared with the same slice classified alone.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from responses.classification import Bleed, Count, Course, Rescue, classify

SIZES = (20, 2_000, 200_000)
SEED = "NCT07068126"
DAY_0 = date(2025, 3, 2)
#: As often as it is repeated in turns, at most; the largest size is measured once.
TURNS, ENOUGH = 15, 20_000


@dataclass
class Row:
    """One size: participants a second, the ratio to making the courses alone, and the memory at its highest."""

    participants: int
    per_second: float
    ratio: float
    kilobytes: float


def courses(number: int) -> Iterator[Course]:
    """Made-up children, each with some ten to twenty counts over ten months; always the same ones."""
    chance = random.Random(SEED)
    for _ in range(number):
        yield _course(chance)


def _course(chance: random.Random) -> Course:
    doses = tuple(DAY_0 + timedelta(days=21 * dose) for dose in range(chance.randint(1, 6)))
    high = chance.choice((12, 45, 80, 160))
    days = sorted({3, 10, *(chance.randint(11, 300) for _ in range(chance.randint(6, 16)))})
    counts = tuple(Count(DAY_0 + timedelta(days=on), Decimal(max(1, round(chance.gauss(high, high / 4))))) for on in days)
    bleeds = tuple(_bleed(chance) for _ in range(chance.choice((0, 0, 1, 2))))
    rescues = (Rescue(_day(chance), None, "ivig"),) if chance.random() < 0.1 else ()
    return Course(
        DAY_0, Decimal(chance.randint(3, 28)), counts, doses, bleeds, (), rescues, None, True, DAY_0 + timedelta(days=330)
    )


def _day(chance: random.Random) -> date:
    return DAY_0 + timedelta(days=chance.randint(1, 300))


def _bleed(chance: random.Random) -> Bleed:
    first = _day(chance)
    return Bleed(first, first + timedelta(days=chance.randint(0, 4)), chance.randint(1, 3))


def make(number: int) -> int:
    """The reference: the same courses, not classified."""
    return sum(len(course.counts) for course in courses(number))


def judge(number: int) -> Counter[str]:
    """Every course classified as it comes."""
    return Counter(classify(course).best_response for course in courses(number))


def measure(number: int) -> Row:
    both = []
    for _ in range(max(1, min(TURNS, ENOUGH // number))):
        start = time.perf_counter()
        make(number)
        between = time.perf_counter()
        found = judge(number)
        both.append((between - start, time.perf_counter() - between))
    assert found.total() == number
    assert judge(20) == Counter(classify(course).best_response for course in list(courses(20)))
    seconds = statistics.median(ours - made for made, ours in both)
    return Row(number, number / seconds, statistics.median(ours / made for made, ours in both), _memory(number))


def _memory(number: int) -> float:
    """The most that Python held while classifying, in kB; a tenth of the largest size tells as much."""
    tracemalloc.start()
    judge(min(number, SIZES[-1] // 10))
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest / 1024


HEAD = f"{'participants':>12}{'per second':>12}{'ratio':>8}{'peak kB':>9}"


def line(row: Row) -> str:
    return f"{row.participants:>12,}{row.per_second:>12,.0f}{row.ratio:>8.1f}{row.kilobytes:>9.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    print(HEAD)
    for size in parser.parse_args().sizes:
        print(line(measure(size)), flush=True)
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"One core, load average {load}. Ratio: making and classifying against making alone, in turns.")


if __name__ == "__main__":
    main()
