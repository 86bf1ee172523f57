"""The dose planner: from weight to grams, to whole bags of the freezer, to volume, rate steps and duration. Pure.

How the bags are found. Every bag is rounded to 0.01 g of IgG, far below what a bag can be measured to. Then, bag by bag, the
table of all sums that can be reached is built; of two ways to the same sum the better one stays. "Better" is earlier expiry
(more grams of the lot that expires first, then of the second, and so on), then fewer bags. Adding one and the same bag to two
ways never changes which of them is better, so nothing that is thrown away could have won: the search is exact. Its cost is
bags x sums (50 bags for 30 kg: 50 x 3,300), not two to the power of the bags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from dosing import dose
from dosing.compatibility import Match, match
from dosing.dose import Bag, Finding, planned_grams
from itp_trial.protocol import RULES_VERSION, value

RATE_STEPS: tuple[Decimal, ...] = tuple(value(f"RATE_{step}") for step in ("FIRST", "SECOND", "THIRD", "LAST"))
RATE_STEP_MIN: int = value("RATE_STEP_MIN")
_HUNDREDTH, _TENTH = Decimal("0.01"), Decimal("0.1")
_STEP_H = Decimal(RATE_STEP_MIN) / 60


@dataclass(frozen=True)
class StockBag:
    """A bag that may be planned: volume in mL, concentrations of its lot in g/L."""

    key: str
    label: str
    volume_ml: Decimal
    igg_g_per_l: Decimal
    iga_g_per_l: Decimal | None
    expires_on: date
    blood_group: str

    @property
    def grams(self) -> Decimal:
        return Bag(self.volume_ml, self.igg_g_per_l).grams

    @property
    def units(self) -> int:
        """IgG in hundredths of a gram, as the search counts it."""
        return int((self.grams / _HUNDREDTH).quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True)
class Portion:
    """What is to be given of one bag, in mL; usually all of it."""

    bag: StockBag
    ml: Decimal

    @property
    def grams(self) -> Decimal:
        return Bag(self.ml, self.bag.igg_g_per_l, self.bag.label).grams


@dataclass(frozen=True)
class RateStep:
    """One step of the pump: minutes after the start, rate in mL/kg/h and for this child in mL/h."""

    minute: int
    ml_per_kg_h: Decimal
    ml_per_h: Decimal


@dataclass(frozen=True)
class Plan:
    """A dose as planned. ``findings`` of level "stop" forbid it, "deviation" and "query" need a reason."""

    number: int
    weight_kg: Decimal
    target_g: Decimal
    portions: tuple[Portion, ...]
    grams: Decimal
    percent: Decimal
    volume_ml: Decimal
    ml_per_kg: Decimal
    iga_mg: Decimal | None
    iga_mg_per_kg: Decimal | None
    steps: tuple[RateStep, ...]
    hours: Decimal
    findings: tuple[Finding, ...]
    stops: tuple[str, ...]
    rules_version: str = RULES_VERSION

    @property
    def needs_reason(self) -> bool:
        return any(finding.level in ("deviation", "query") for finding in self.findings)


def best_bags(stock: Sequence[StockBag], target_g: Decimal) -> tuple[StockBag, ...]:
    """The whole bags nearest to the target within the tolerance of R5, then earliest expiry, then fewest; or none."""
    low, target, high = (int(target_g * part / _HUNDREDTH) for part in (1 - dose.DOSE_TOL, 1, 1 + dose.DOSE_TOL))
    cost = _costs(stock, high)
    # sum -> (cost so far, last bag, rest of the way)
    ways: dict[int, tuple[int, Way]] = {0: (0, None)}
    for bag in stock:
        for reached, (so_far, way) in list(ways.items()):
            total = reached + bag.units
            better = so_far + cost[bag.key]
            if total <= high and (total not in ways or better < ways[total][0]):
                ways[total] = (better, (bag, way))
    found = [(abs(total - target), price, way) for total, (price, way) in ways.items() if low <= total and way]
    return tuple(_bags_on(min(found, key=lambda each: each[:2])[2])) if found else ()


Way = tuple[StockBag, "Way"] | None


def _bags_on(way: Way) -> list[StockBag]:
    bags: list[StockBag] = []
    while way is not None:
        bag, way = way
        bags.append(bag)
    return sorted(bags, key=lambda each: (each.expires_on, each.label))


def _costs(stock: Sequence[StockBag], most: int) -> dict[str, int]:
    """One whole number per bag whose sums sort like (grams of the first to expire, of the second, ..., number of bags).

    Each expiry has its own digits in a number system whose base no sum can reach; more of the earliest makes it smaller.
    """
    base = max(most, len(stock)) + 1
    last_first = sorted({bag.expires_on for bag in stock}, reverse=True)
    place = {expires: base ** (rank + 1) for rank, expires in enumerate(last_first)}
    return {bag.key: 1 - bag.units * place[bag.expires_on] for bag in stock}


def plan(number: int, weight_kg: Decimal, weight_on: date, today: date, portions: Sequence[Portion], child_group: str) -> Plan:
    """Everything about a dose from these portions, with what is wrong with it. Raises ValueError for impossible input."""
    target = planned_grams(weight_kg, number)
    bags = [Bag(portion.ml, portion.bag.igg_g_per_l, portion.bag.label) for portion in portions]
    grams, volume = dose.given(bags), sum((portion.ml for portion in portions), Decimal(0))
    steps, hours = rate_steps(volume / weight_kg, weight_kg, number)
    iga = _iga(portions)
    groups = [(portion.bag.label, match(child_group, portion.bag.blood_group)) for portion in portions]
    findings = [
        *dose.weight_findings(weight_on, today),
        *(dose.amount_findings(grams, target, volume) if portions else ()),
        *_speed_findings(steps, hours, number),
        *_group_findings(found for _, found in groups),
    ]
    return Plan(
        number, weight_kg, target, tuple(portions), grams, _shown(grams / target * 100, "0.1"), volume,
        _shown(volume / weight_kg), iga, None if iga is None else _shown(iga / weight_kg, "0.1"), steps, _shown(hours),
        tuple(findings), tuple(f"{label}: {found.text}" for label, found in groups if found.level == "stop"),
    )  # fmt: skip


def rate_steps(ml_per_kg: Decimal, weight_kg: Decimal, number: int) -> tuple[tuple[RateStep, ...], Decimal]:
    """The steps of the pump and the hours it takes (5.6): 0.5, 1, 2, then 3 mL/kg/h, each step for 30 minutes.

    The last rate is raised or lowered where the whole would leave the time of the protocol (loading: 6-8 h).
    """
    steps, left, hours = [], ml_per_kg, Decimal(0)
    for rate in RATE_STEPS[:-1]:
        if left > 0:
            steps.append(_step(hours, rate, weight_kg))
            taken = min(_STEP_H, left / rate)
            left, hours = left - taken * rate, hours + taken
    if left > 0:
        rate = _last_rate(left, hours, number)
        steps.append(_step(hours, rate, weight_kg))
        hours += left / rate
    return tuple(steps), hours


def _step(hours: Decimal, rate: Decimal, weight_kg: Decimal) -> RateStep:
    return RateStep(int(hours * 60), rate, _shown(rate * weight_kg, "0.1"))


def _last_rate(left: Decimal, hours: Decimal, number: int) -> Decimal:
    """In tenths of mL/kg/h: the usual one, faster where the longest time is not enough, slower where the shortest is not met."""
    shortest, longest = dose.MAINT_HOURS if number else dose.LOAD_HOURS
    at_least = (left / (longest - hours)).quantize(_TENTH, ROUND_CEILING)
    at_most = max((left / (shortest - hours)).quantize(_TENTH, ROUND_FLOOR), RATE_STEPS[0])
    return max(at_least, min(RATE_STEPS[-1], at_most))


def _iga(portions: Sequence[Portion]) -> Decimal | None:
    """IgA in mg (mL x g/L), or None where a lot does not say."""
    loads = [portion.ml * portion.bag.iga_g_per_l for portion in portions if portion.bag.iga_g_per_l is not None]
    return sum(loads, Decimal(0)).quantize(Decimal("0.1")) if portions and len(loads) == len(portions) else None


def _speed_findings(steps: Sequence[RateStep], hours: Decimal, number: int) -> Iterator[Finding]:
    fastest = max((step.ml_per_kg_h for step in steps), default=Decimal(0))
    if fastest > dose.RATE_QUERY:
        yield Finding("5.6", f"To end in time the rate would be {fastest} mL/kg/h, above {dose.RATE_QUERY}.", "rate", "query")
    elif fastest > dose.RATE_WARN:
        yield Finding("5.6", f"To end in time the rate would be {fastest} mL/kg/h, above {dose.RATE_WARN}.", "rate", "warning")
    elif fastest > RATE_STEPS[-1]:
        text = f"The last rate is {fastest} mL/kg/h instead of {RATE_STEPS[-1]}, so that it ends within the time of the protocol."
        yield Finding("5.6", text, "rate", "note")
    shortest = (dose.MAINT_HOURS if number else dose.LOAD_HOURS)[0]
    if steps and hours < shortest:
        yield Finding("R5", f"It would take {_shown(hours)} h, less than {shortest} h.", "duration", "warning")


def _group_findings(matches: Iterable[Match]) -> Iterator[Finding]:
    """Each sentence about the blood groups once. What forbids the plan stands in ``stops``."""
    levels: dict[str, dose.Level] = {"warning": "warning", "unknown": "query"}
    for found in dict.fromkeys(matches):
        if found.level in levels:
            yield Finding("5.3", found.text, "group", levels[found.level])


def _shown(number: Decimal, step: str = "0.01") -> Decimal:
    return number.quantize(Decimal(step), ROUND_HALF_UP)
