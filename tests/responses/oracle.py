"""A second implementation of R13 to R23, written from section 11.4 of the protocol only.

It shares no code with ``responses``, works on whole numbers of days and on plain dicts, and gives no reasons. It exists
to disagree: if it and ``classify`` differ on any course, one of the two misreads the rules. Default parameters only.
"""

from __future__ import annotations

from typing import Any

Case = dict[str, Any]


def _covered(bleeds: list[tuple[int, int | None, int]], day: int) -> bool:
    return any(grade >= 1 and first <= day and (last is None or day <= last) for first, last, grade in bleeds)


def _washed(rescues: list[tuple[int, int | None, str]], day: int) -> bool:
    for first, last, kind in rescues:
        if day < first:
            continue
        if last is None:
            return True
        if day <= last + (7 if kind == "platelet_transfusion" else 28):
            return True
    return False


def _status(count: int | None, base: int | None, bleeding: bool | None) -> str:
    if count is None:
        return "NE"
    if bleeding is True:
        return "NR"
    if bleeding is None:
        return "NR" if count < 30 else "NE"
    if count >= 100:
        return "CR"
    if count < 30:
        return "NR"
    if base is None:
        return "NE"
    return "R" if count >= 2 * base else "NR"


def _ok(status: str, level: str) -> bool:
    return status == "CR" or (level == "R" and status == "R")


def _pair(case: Case, series: list[tuple[int, str]], level: str, after: int) -> tuple[int, int] | None:
    for i in range(len(series)):
        day, status = series[i]
        if day <= after or not _ok(status, level):
            continue
        given = [d for d in case["doses"] if d < day]
        if not given or day - max(given) > 35:
            continue
        for j in range(i + 1, len(series)):
            then, what = series[j]
            if not _ok(what, level):
                break
            if any(_covered(case["bleeds"], d) for d in range(day + 1, then + 1)):
                break
            if any(day < r[0] <= then for r in case["rescues"]):
                break
            if then - day >= 7:
                return day, then
    return None


def _loss(case: Case, series: list[tuple[int, str]], level: str, pair: tuple[int, int]) -> tuple[int, str]:
    best: tuple[int, int, str] | None = None

    def offer(day: int, order: int, how: str) -> None:
        nonlocal best
        if best is None or (day, order) < best[:2]:
            best = (day, order, how)

    for first, _, grade in case["bleeds"]:
        if grade >= 1 and first > pair[0]:
            offer(first, 0, "bleeding")
    for first, _, _ in case["rescues"]:
        if first > pair[0]:
            offer(first, 1, "rescue")
    if case["death"] is not None:
        offer(case["death"], 2, "death")
    for k, (day, status) in enumerate(series):
        if day <= pair[1] or _ok(status, level):
            continue
        following = series[k + 1] if k + 1 < len(series) else None
        if any(day <= r[0] and (following is None or r[0] < following[0]) for r in case["rescues"]):
            offer(day, 3, "confirmed_by_rescue")
            break
        if following is None:
            offer(day, 3, "unconfirmed_last_count")
            break
        if not _ok(following[1], level) and following[0] - day >= 1:
            offer(day, 3, "confirmed")
            break
    if best is not None:
        return best[0], best[2]
    return [day for day, status in series if _ok(status, level)][-1], "censored"


def judge(case: Case) -> dict[str, Any]:
    """``case``: day numbers; counts {day: value or None}; bleeds and rescues (first, last, grade or kind)."""
    day_0, base = case["day_0"], case["baseline"]
    series: list[tuple[int, str]] = []
    for day in sorted(case["counts"]):
        if day <= day_0 or _washed(case["rescues"], day):
            continue
        bleeding = True if _covered(case["bleeds"], day) else None if day in case["unknown"] else False
        status = _status(case["counts"][day], base, bleeding)
        if status != "NE":
            series.append((day, status))

    # Episodes of response, each with its loss.
    episodes: list[tuple[tuple[int, int], tuple[int, str]]] = []
    after = day_0
    while True:
        found = _pair(case, series, "R", after)
        if found is None:
            break
        episodes.append((found, _loss(case, series, "R", found)))
        if episodes[-1][1][1] == "censored":
            break
        after = episodes[-1][1][0]

    rescue_days = sorted(r[0] for r in case["rescues"] if r[0] > day_0)
    response = response_end = complete = complete_end = None
    failing = [day for day, status in series if status == "NR"]
    if episodes and not (rescue_days and rescue_days[0] <= episodes[0][0][1]):
        best = "R"
        response, response_end = episodes[0]
        pair = _pair(case, series, "CR", day_0)
        if pair is not None and (response_end[1] == "censored" or pair[1] <= response_end[0]):
            best, complete = "CR", pair
            complete_end = _loss(case, series, "CR", pair)
    elif rescue_days or len(failing) >= 2:
        best = "NR"
    else:
        best = "NE"

    # Time in response: give every observed day a colour, then count.
    observed = inside = 0
    marks = [(day_0, "NR"), *series]
    for k in range(len(marks) - 1):
        day, status = marks[k]
        while day < marks[k + 1][0] and day < marks[k][0] + 35:
            observed += 1
            if status in ("R", "CR") and not _covered(case["bleeds"], day) and not _washed(case["rescues"], day):
                inside += 1
            day += 1
    return {
        "best_response": best,
        "response": response,
        "response_end": response_end,
        "complete_response": complete,
        "complete_response_end": complete_end,
        "time_in_response": (inside, observed),
        "off_therapy": _off(case, series, best, episodes, bool(rescue_days)),
    }


def _off(case: Case, series: list[tuple[int, str]], best: str, episodes: list[Any], rescued: bool) -> Any:
    if not case["doses"]:
        return None
    t = max(case["doses"])
    if case["other_end"] is not None and case["other_end"] > t:
        t = case["other_end"]
    if best == "NE":
        return t, "NE"
    if best == "NR":
        return t, "NONE"
    pair, (end, how) = [e for e in episodes if e[0][0] <= t + 35][-1]
    good = [day for day, status in series if status in ("R", "CR") and day >= pair[0]]
    if how != "censored":
        return t, "RoT" if [day for day in good if t + 28 <= day < end] else "NONE"
    final = [day for day in good if day >= t + 180]
    if final:
        if rescued:
            return t, "RoT"
        previous = t
        for day, _ in series:
            if t < day <= final[0]:
                if day - previous > 62:
                    return t, "RoT"
                previous = day
        return t, "SRoT"
    if not case["ended"] and case["death"] is None and case["as_of"] <= t + 180:
        return t, "PENDING"
    return t, "RoT" if [day for day in good if day >= t + 28] else "NE"
