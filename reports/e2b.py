"""One version of a report as a data set keyed by the numbers of E2B(R3), so that a gateway's file can be made from it later.

No E2B message is claimed: no XML, no validation by a gateway (``standards.md`` 6.3).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assessments.crfs.serious import ReportKind, SafetyReport
from reports.cioms import first_received

SEX = {"M": "1", "F": "2"}
OUTCOME = {
    "RECOVERED/RESOLVED": "1", "RECOVERING/RESOLVING": "2", "NOT RECOVERED/NOT RESOLVED": "3",
    "RECOVERED/RESOLVED WITH SEQUELAE": "4", "FATAL": "5", "UNKNOWN": "0",
}  # fmt: skip
#: An interruption and a lower rate have no code of their own: reduced (2) or withdrawn (1), and the narrative says which.
ACTION = {
    "DRUG WITHDRAWN": "1", "NOT RESUMED": "1", "DOSE REDUCED": "2", "DOSE RATE REDUCED": "2", "DRUG INTERRUPTED": "2",
    "DOSE NOT CHANGED": "4", "UNKNOWN": "0", "NOT APPLICABLE": "9",
}  # fmt: skip
SERIOUSNESS = {"death": "a", "life_threatening": "b", "hospitalised": "c", "disability": "d", "congenital": "e", "important": "f"}
#: The unit of the blood count, as UCUM writes it.
PLATELET_UNIT, HB_UNIT = "10*9/L", "g/dL"


def e2b(report: SafetyReport) -> dict[str, Any]:
    """The data set: data element number -> value; repeating groups are lists."""
    content = report.data
    child, event, serious = content["child"], content["event"], content["serious"]
    return {
        **_case(report),
        "C.4.r": [],
        "C.5.1.r": [{"C.5.1.r.1": content["study"]["registry"], "C.5.1.r.2": "US"}],
        "C.5.2": content["study"]["title"],
        "C.5.3": content["study"]["id"],
        "C.5.4": "1",
        "D.1": "MSK",
        "D.1.1.4": child["number"],
        **_age(child["age_months"]),
        "D.3": child["weight_kg"],
        "D.5": SEX.get(child["sex"], ""),
        "D.7.1.r": [{"D.7.1.r.5": f"{label}: {said}"} for label, said in content["history"]],
        "D.9.1": serious.get("died_on", ""),
        "D.9.2.r": [{"D.9.2.r.2": serious["cause_of_death"]}] if serious.get("cause_of_death") else [],
        "D.9.3": {"Y": True, "N": False}.get(serious.get("autopsy", "")),
        "E.i": [_reaction(event, content["study"]["country"])],
        "F.r": _tests(content["counts"]),
        "G.k": [_product(content), *_others(content["concomitant"])],
        "H.1": serious.get("narrative", ""),
        "H.2": event["narrative"],
        "H.4": content["what_is_new"],
        "H.5.r": [{"H.5.r.1a": serious["narrative_ar"], "H.5.r.1b": "ara"}] if serious.get("narrative_ar") else [],
    }


def _case(report: SafetyReport) -> dict[str, Any]:
    content = report.data
    received = first_received(report)
    expedited = content["event"]["expected"] != "Y" and content["event"]["related"] not in ("NOT RELATED", "UNLIKELY RELATED")
    return {
        "C.1.1": content["control_number"],
        "C.1.2": report.record.saved_at.isoformat(timespec="seconds"),
        "C.1.3": "2",
        "C.1.4": received,
        "C.1.5": received if not report.number else report.record.saved_at.isoformat(timespec="seconds"),
        "C.1.6.1": False,
        "C.1.7": expedited,
        "C.1.8.1": content["control_number"],
        "C.1.11.1": "1" if report.kind == ReportKind.NULLIFICATION else "",
        "C.1.11.2": content["what_is_new"] if report.kind == ReportKind.NULLIFICATION else "",
        "C.2.r": [{"C.2.r.2.1": content["site"]["name"], "C.2.r.3": content["study"]["country"], "C.2.r.4": "1", "C.2.r.5": "1"}],
        "C.3.1": "1",
        "C.3.2": content["study"]["sponsor"],
    }


def _age(months: int | None) -> dict[str, str]:
    """Age at onset in years or, before the second birthday, months (UCUM), and its group: infant to 23 months, then child."""
    if months is None:
        return {"D.2.2a": "", "D.2.2b": "", "D.2.3": ""}
    years = months >= 24
    return {"D.2.2a": str(months // 12 if years else months), "D.2.2b": "a" if years else "mo", "D.2.3": "3" if years else "2"}


def _reaction(event: dict[str, Any], country: str) -> dict[str, Any]:
    return {
        "E.i.1.1a": event["term"], "E.i.1.1b": "eng", "E.i.1.2": event["term"],
        # The dictionary's own version is not held here: the code is the one of the CTCAE term.
        "E.i.2.1a": "", "E.i.2.1b": event["coding"]["meddra"],
        **{f"E.i.3.2{letter}": name in event["criteria"] for name, letter in SERIOUSNESS.items()},
        "E.i.4": event["started_at"], "E.i.5": event["ended_at"], **_duration(event),
        "E.i.7": OUTCOME.get(event["outcome"], ""), "E.i.8": True, "E.i.9": country,
    }  # fmt: skip


def _duration(event: dict[str, Any]) -> dict[str, str]:
    if not (event["started_at"] and event["ended_at"]):
        return {"E.i.6a": "", "E.i.6b": ""}
    elapsed = datetime.fromisoformat(event["ended_at"]) - datetime.fromisoformat(event["started_at"])
    return {"E.i.6a": str(int(elapsed.total_seconds() // 60)), "E.i.6b": "min"}


def _tests(counts: list[dict[str, str]]) -> list[dict[str, str]]:
    wanted = (("platelets", "Platelet count", PLATELET_UNIT), ("haemoglobin", "Haemoglobin", HB_UNIT))
    return [
        {"F.r.1": count["taken_at"], "F.r.2.1": name, "F.r.3.2": count[key], "F.r.3.3": unit}
        for count in counts
        for key, name, unit in wanted
        if count[key]
    ]


def _product(content: dict[str, Any]) -> dict[str, Any]:
    event, serious = content["event"], content["serious"]
    sources = {"Investigator": event["related"], "Sponsor": serious.get("related_by_sponsor", "")}
    return {
        "G.k.1": "1", "G.k.2.2": "Mini-pool IVIG", "G.k.2.3.r": [{"G.k.2.3.r.1": "Human normal immunoglobulin"}],
        "G.k.4.r": [_dose(dose) for dose in content["doses"]], "G.k.7.r": [{"G.k.7.r.1": "Persistent immune thrombocytopenia"}],
        "G.k.8": ACTION.get(event["action"], ""), "G.k.9.i.3.1": event["minutes"], "G.k.9.i.4": serious.get("reappeared", ""),
        "G.k.9.i.2.r": [
            {"G.k.9.i.2.r.1": source, "G.k.9.i.2.r.2": "Five grades of causality", "G.k.9.i.2.r.3": result}
            for source, result in sources.items() if result
        ],
    }  # fmt: skip


def _dose(dose: dict[str, str]) -> dict[str, str]:
    return {
        "G.k.4.r.1a": dose["grams"], "G.k.4.r.1b": "g", "G.k.4.r.4": dose["started_at"], "G.k.4.r.5": dose["stopped_at"],
        "G.k.4.r.7": dose["lots"], "G.k.4.r.8": f"{dose['title']}: {dose['g_per_kg']} g/kg, {dose['volume_ml']} mL",
        "G.k.4.r.10.1": "Intravenous drip",
    }  # fmt: skip


def _others(medicines: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [
        {"G.k.1": "2", "G.k.2.2": medicine.get("name", ""),
         "G.k.4.r": [{"G.k.4.r.4": medicine.get("started", ""), "G.k.4.r.5": medicine.get("ended", ""),
                      "G.k.4.r.8": medicine.get("dose", "")}]}
        for medicine in medicines
    ]  # fmt: skip
