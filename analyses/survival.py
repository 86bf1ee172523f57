"""Time to response and its duration as Kaplan-Meier curves, and the share of time in response.

Pure: no Django. Source: ``protocol.md`` 10.5, 10.6, rules R14, R16, R18. Days count from Day 0 (time to) or from the
first count of the response (duration).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyses import drawing
from analyses.figures import Figure, table
from analyses.inputs import Child
from analyses.statistics import Observed, Survival, kaplan_meier, quartiles, steps_down

WIDTH, HEIGHT = 760, 400
HEAD = ("Day", "At risk", "Events", "Censored", "Estimate, percent", "95 % CI low", "95 % CI high")
METHOD = "Kaplan-Meier estimate with log-log 95 % intervals."


def time_to_response(children: Sequence[Child], *, complete: bool = False) -> Figure:
    """From Day 0 to the first count of the confirmed response; without one, censored at the last evaluable count.

    A child who was rescued first stays under observation without a response (composite strategy).
    """
    curve = kaplan_meier([_until_response(child, complete) for child in children])
    words = "complete response" if complete else "response"
    return _figure("time-to-complete-response" if complete else "time-to-response", f"Time to {words}", curve,
                   rising=True, across="days since Day 0", up=f"with a {words}, %")  # fmt: skip


def _until_response(child: Child, complete: bool) -> Observed:
    pair = child.verdict.complete_response if complete else child.verdict.response
    if pair is not None:
        return Observed(child.study_day(pair.start), True)
    last = child.last_evaluable
    return Observed(max(child.study_day(last), 0) if last else 0, False)


def duration_of_response(children: Sequence[Child]) -> Figure:
    """From the first count of the response to its loss (R16), censored at the last count at response level (R18)."""
    curve = kaplan_meier([each for child in children if (each := _in_response(child))])
    return _figure("duration-of-response", "Duration of response", curve, rising=False,
                   across="days since the response began", up="still in response, %")  # fmt: skip


def _in_response(child: Child) -> Observed | None:
    pair, end = child.verdict.response, child.verdict.response_end
    if pair is None or end is None:
        return None
    return Observed((end.on - pair.start).days, end.lost)


def _figure(slug: str, title: str, curve: Survival, *, rising: bool, across: str, up: str) -> Figure:
    return Figure(slug, title, curve.n, f"{METHOD} {median_words(curve)}", table(HEAD, list(_rows(curve, rising))),
                  svg=_draw(slug, title, curve, rising, across, up) if curve.n else "",
                  note=f"{curve.events} with the event, {curve.n - curve.events} censored.",
                  empty="No child to observe yet.")  # fmt: skip


def median_words(curve: Survival) -> str:
    """``Median 8 days (95 % CI 3 to not reached).``"""
    low, high = (str(bound) if bound is not None else "not reached" for bound in (curve.median_low, curve.median_high))
    if curve.median is None:
        return "Median not reached."
    return f"Median {curve.median} days (95 % CI {low} to {high})."


def _rows(curve: Survival, rising: bool) -> Iterator[tuple[object, ...]]:
    censored = {each.days for each in curve.observed if not each.event}
    by_day = {step.day: step for step in curve.steps}
    for day in sorted(censored | set(by_day)):
        step = by_day.get(day)
        lost = sum(each.days == day and not each.event for each in curve.observed)
        yield (day, curve.at_risk(day), step.events if step else 0, lost, _percent(curve.share(day), rising),
               *(_bounds(step.low, step.high, rising) if step else ("", "")))  # fmt: skip


def _percent(share: float | None, rising: bool) -> str:
    return "" if share is None else f"{100 * (1 - share if rising else share):.1f}"


def _bounds(low: float | None, high: float | None, rising: bool) -> tuple[str, str]:
    return (_percent(high, rising), _percent(low, rising)) if rising else (_percent(low, rising), _percent(high, rising))


def _draw(slug: str, title: str, curve: Survival, rising: bool, across: str, up: str) -> str:
    ticks = drawing.steps(max(curve.last_day, 1))
    frame = drawing.Frame(
        drawing.Scale(0, ticks[-1], 64, WIDTH - 24), drawing.Scale(0, 100, 290, 40),
        [(day, str(day)) for day in ticks], [(share, str(share)) for share in range(0, 101, 25)], across, up,
    )  # fmt: skip
    shown = [(day, 100 * (1 - share if rising else share)) for day, share in steps_down(curve)]
    parts = [*frame.axes(), *_band(frame, curve, rising),
             drawing.path([(frame.across(day), frame.up(share)) for day, share in shown], width=2.2),
             *_ticks_of_censored(frame, curve, rising), *_numbers_at_risk(frame, curve, ticks)]  # fmt: skip
    description = f"{title}: {curve.n} children, {curve.events} events. {median_words(curve)} The table holds every step."
    return drawing.svg(title, description, WIDTH, HEIGHT, parts, key=slug)


def _band(frame: drawing.Frame, curve: Survival, rising: bool) -> Iterator[str]:
    """The interval around the curve, one box a step."""
    until_days = [step.day for step in curve.steps[1:]] + [curve.last_day]
    for step, until in zip(curve.steps, until_days, strict=False):  # without a step there is no band
        if step.low is None or step.high is None:
            continue
        low, high = sorted(100 * (1 - x if rising else x) for x in (step.low, step.high))
        left, right = frame.across(step.day), frame.across(until)
        yield drawing.box(left, frame.up(high), right - left, frame.up(low) - frame.up(high), drawing.SKY, opacity=0.25)


def _ticks_of_censored(frame: drawing.Frame, curve: Survival, rising: bool) -> Iterator[str]:
    for each in curve.observed:
        if not each.event:
            share = curve.share(each.days)
            x, y = frame.across(each.days), frame.up(100 * (1 - share if rising else share))
            yield drawing.told(f"day {each.days}: last seen, no event yet", drawing.line(x, y - 6, x, y + 6, width=1.5))


def _numbers_at_risk(frame: drawing.Frame, curve: Survival, ticks: list[int]) -> Iterator[str]:
    y = frame.up.start + 62
    yield drawing.text(4, y, "At risk", fill=drawing.PALE)
    for day in ticks:
        yield drawing.text(frame.across(day), y + 18, str(curve.at_risk(day)), anchor="middle")


def time_in_response(children: Sequence[Child]) -> Figure:
    """Days in response of the days observed since Day 0, each child and all together (R18)."""
    rows, shares = [], []
    for child in children:
        time = child.verdict.time_in_response
        share = 100 * time.days / time.observed if time.observed else None
        shares += [share] if share is not None else []
        rows.append((child.number, time.days, time.observed, "" if share is None else f"{share:.1f}"))
    return Figure("time-in-response", "Time in response", len(children),
                  f"Days in response of days observed (R18). Median share {quartiles(shares).text} % (quartiles).",
                  table(("Child", "Days in response", "Days observed", "Percent"), rows),
                  links={child.number: child.page for child in children}, empty="No child was treated yet.")  # fmt: skip
