"""The trial protocol as data: every number that a rule uses, with its source.

Change a threshold here and nowhere else. A parameter whose registry source is silent is marked
``assumption=True``; the product shows that word wherever the number decides something, and
``docs/protocol.md`` is generated from this table (``manage.py protocol_doc``).

This module imports neither Django nor any model, so the pure rule modules may use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

STUDY_ID = "ITPIVIG01"
REGISTRY_ID = "NCT07068126"
TITLE = "Mini-pool IVIG initiation and maintenance in children with persistent ITP"
SPONSOR = "Assiut University"
PLANNED_PARTICIPANTS = 20
TIME_ZONE = "Africa/Cairo"

#: Travels with every verdict; raise it whenever a rule or a default below changes.
RULES_VERSION = "2026.1"


@dataclass(frozen=True)
class Parameter:
    """One named number of the protocol: its value, unit, meaning and where it comes from."""

    name: str
    value: Any
    unit: str
    meaning: str
    source: str
    assumption: bool
    rule: str

    @property
    def words(self) -> str:
        """The value with its unit as people read it: ``7 days``, ``100 ×10⁹/L``, ``10 %``, ``no``."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if self.unit == "fraction":
            return f"{self.value * 100:.0f} %"
        unit = self.unit.replace("10^9/L", "×10⁹/L")
        return f"{self.value} {unit.removesuffix('s') if self.value == 1 else unit}"


def _p(rule: str, name: str, value: Any, unit: str, meaning: str, source: str, *, assumption: bool) -> Parameter:
    return Parameter(name, value, unit, meaning, source, assumption, rule)


REGISTRY = "Registry record NCT07068126"
IWG = "IWG 2009 (Rodeghiero, Blood 113:2386)"
LAW_214 = "Executive regulations of law 214/2020, from press summaries; the Arabic text is to be checked by counsel"
ACIP = "ACIP table of antibody products; European labels say up to one year for measles"
SILENT = "Registry silent; to be confirmed by the sponsor"

# fmt: off
_TABLE = (
    _p("R1", "AGE_MIN", 1, "completed years", "Youngest age at consent", REGISTRY, assumption=False),
    _p("R1", "AGE_MAX_COMPLETED", 10, "completed years", "Oldest age at consent, to the day before the 11th birthday",
       f"{REGISTRY}; reading of '10 years' is ours", assumption=True),
    _p("R1", "AGE_MAX_STRICT", False, "yes/no", "Alternative reading: not older than 10.0 years", SILENT,
       assumption=True),
    _p("R2", "PERSIST_MIN_M", 3, "calendar months", "Persistent ITP from (inclusive) after diagnosis",
       f"{IWG}, ASH; inclusiveness is ours", assumption=True),
    _p("R2", "PERSIST_MAX_M", 12, "calendar months", "Persistent ITP up to (inclusive) after diagnosis",
       f"{IWG}, ASH; inclusiveness is ours", assumption=True),
    _p("R3", "BASELINE_WINDOW_D", 7, "days", "A baseline or entry count is at most this old on Day 0", SILENT,
       assumption=True),
    _p("R3", "ENTRY_PLT_MAX", Decimal(100), "10^9/L", "Entry count must be below this", IWG, assumption=True),
    _p("R3", "ENTRY_PLT_WARN", Decimal(30), "10^9/L", "Entry count from which to warn", SILENT, assumption=True),
    _p("R3", "ENTRY_PLT_R_IMPOSSIBLE", Decimal(50), "10^9/L", "Entry count from which R is arithmetically impossible",
       f"follows from {IWG}", assumption=False),
    _p("RQ-63", "ASSENT_FROM_Y", 7, "completed years", "Age from which a child is asked for assent",
       "Law 214/2020 names none; CIOMS habit", assumption=True),
    _p("RQ-63", "LOOK_BACK_M", 3, "calendar months", "Reference period before the consent for bleeding and hospital visits",
       SILENT, assumption=True),
    _p("R5", "LOAD_GKG", Decimal("1.0"), "g/kg", "Loading dose", REGISTRY, assumption=False),
    _p("R5", "MAINT_GKG", Decimal("0.5"), "g/kg", "Maintenance dose", REGISTRY, assumption=False),
    _p("R5", "DOSE_TOL", Decimal("0.10"), "fraction", "Accepted departure of the given from the planned dose", SILENT,
       assumption=True),
    _p("R5", "LOAD_HOURS_MIN", Decimal(6), "hours", "Shortest loading infusion", REGISTRY, assumption=False),
    _p("R5", "LOAD_HOURS_MAX", Decimal(8), "hours", "Longest loading infusion", REGISTRY, assumption=False),
    _p("R5", "MAINT_HOURS_MIN", Decimal(3), "hours", "Shortest maintenance infusion", SILENT, assumption=True),
    _p("R5", "MAINT_HOURS_MAX", Decimal(8), "hours", "Longest maintenance infusion", SILENT, assumption=True),
    _p("P1", "THAW_USE_H", 24, "hours", "A thawed bag is used within this time, else it is wasted", SILENT, assumption=True),
    _p("P1", "STOCK_AHEAD_D", 28, "days", "The work list compares the freezer with the doses due within this time", SILENT,
       assumption=True),
    _p("P1", "STOCK_EXPIRY_D", 28, "days", "The work list names bags that expire within this time", SILENT, assumption=True),
    _p("R5", "MAX_MAINT", 5, "doses", "Most maintenance doses after the loading dose",
       f"{REGISTRY}: 'up to five additional doses'", assumption=False),
    _p("R5", "WEIGHT_MAX_AGE_D", 7, "days", "Oldest weight that may be used for a dose", SILENT, assumption=True),
    _p("R5", "RATE_WARN", Decimal(4), "mL/kg/h", "Infusion rate from which to warn", SILENT, assumption=True),
    _p("R5", "RATE_QUERY", Decimal(5), "mL/kg/h", "Infusion rate from which to query", SILENT, assumption=True),
    _p("R5", "RATE_FIRST", Decimal("0.5"), "mL/kg/h", "First rate of an infusion", SILENT, assumption=True),
    _p("R5", "RATE_SECOND", Decimal(1), "mL/kg/h", "Second rate of an infusion", SILENT, assumption=True),
    _p("R5", "RATE_THIRD", Decimal(2), "mL/kg/h", "Third rate of an infusion", SILENT, assumption=True),
    _p("R5", "RATE_LAST", Decimal(3), "mL/kg/h", "Last rate of an infusion, unless the time of the protocol asks for another",
       SILENT, assumption=True),
    _p("R5", "RATE_STEP_MIN", 30, "minutes", "Time at each of the first three rates", SILENT, assumption=True),
    _p("E4", "VITALS_BEFORE_MIN", 30, "minutes", "The set of vital signs before an infusion is at most this old", SILENT,
       assumption=True),
    _p("E4", "VITALS_TOL_MIN", 10, "minutes", "A set this early or late still meets its time", SILENT, assumption=True),
    _p("E4", "VITALS_MISSED_MAX", 1, "sets", "More scheduled sets missed are a minor deviation", SILENT, assumption=True),
    _p("R6", "INTERVAL_LOW_PLT", Decimal(30), "10^9/L", "Below this count: the short interval", SILENT,
       assumption=True),
    _p("R6", "INTERVAL_HIGH_PLT", Decimal(100), "10^9/L", "From this count: the long interval", SILENT,
       assumption=True),
    _p("R6", "INTERVAL_SHORT_D", 14, "days", "Interval for counts below the low limit",
       f"{REGISTRY}: every 2-4 weeks; bands are ours", assumption=True),
    _p("R6", "INTERVAL_MIDDLE_D", 21, "days", "Interval for counts between the limits",
       f"{REGISTRY}: every 2-4 weeks; bands are ours", assumption=True),
    _p("R6", "INTERVAL_LONG_D", 28, "days", "Interval for counts from the high limit, and the latest day for a dose",
       f"{REGISTRY}: every 2-4 weeks; bands are ours", assumption=True),
    _p("R6", "INTERVAL_BLEED_GRADE", 2, "grade", "Bleeding of this grade or worse: the short interval", SILENT,
       assumption=True),
    _p("R6", "INTERVAL_TOL_D", 2, "days", "Departure from 14-28 days that is a minor deviation", SILENT,
       assumption=True),
    _p("R6", "DECISION_COUNT_MAX_AGE_D", 3, "days", "Oldest count that may decide the next dose", SILENT,
       assumption=True),
    _p("R7", "PARTIAL_FLAG", Decimal("0.5"), "fraction", "A dose below this part of the plan is flagged partial",
       SILENT, assumption=True),
    _p("R12", "BLEED_GRADE", 1, "grade", "ITP-BAT grade from which a day counts as bleeding (sensitivity: 2)",
       f"{IWG} 'absence of bleeding'; cut-off is ours", assumption=True),
    _p("R13", "CR_MIN", Decimal(100), "10^9/L", "Complete response from this count", IWG, assumption=True),
    _p("R13", "R_MIN", Decimal(30), "10^9/L", "Response from this count (the earlier Egyptian trial used 50)", IWG,
       assumption=True),
    _p("R13", "FOLD", Decimal(2), "times baseline", "Response needs at least this multiple of the baseline", IWG,
       assumption=True),
    _p("R14", "CONFIRM_RESP_D", 7, "days", "A response is confirmed by a second count at least this much later", IWG,
       assumption=True),
    _p("R13", "STRICT", False, "yes/no",
       "Read every 'at least' of fold, confirmation and loss as 'more than' (ASH 2011); no = IWG, inclusive",
       "IWG 2009; ASH 2011 (Blood 117:4190) is the other reading", assumption=True),
    _p("R13", "R_MIN_SENSITIVITY", Decimal(50), "10^9/L", "Sensitivity analysis: response from this count",
       "NCT02669277, the earlier Egyptian trial", assumption=False),
    _p("R12", "BLEED_GRADE_SENSITIVITY", 2, "grade", "Sensitivity analysis: a day counts as bleeding from this grade",
       SILENT, assumption=True),
    _p("R14", "ACCEPT_UNCONFIRMED", False, "yes/no", "Sensitivity analysis: one count at response level is a response",
       IWG, assumption=True),
    _p("R14", "ATTRIB_D", 35, "days", "Latest day after a dose on which a new response is attributed to it", SILENT,
       assumption=True),
    _p("R16", "CONFIRM_LOSS_D", 1, "days", "Loss is confirmed by a second count at least this much later", IWG,
       assumption=True),
    _p("R16", "CENSOR_UNCONFIRMED_LOSS", False, "yes/no",
       "Sensitivity analysis: a low count that is the very last one is no loss", SILENT, assumption=True),
    _p("R17", "IGNORE_RESCUE", False, "yes/no", "Sensitivity analysis: rescue changes nothing (treatment policy)",
       "ICH E9(R1)", assumption=True),
    _p("R17", "RESCUE_WASH_D", 28, "days", "Counts this long after rescue are not evaluable",
       "NCT02279173 (4 weeks)", assumption=True),
    _p("R17", "PLT_TRANSF_WASH_D", 7, "days", "The same after platelet transfusion alone", SILENT, assumption=True),
    _p("R18", "PTI_CAP_D", 35, "days", "A status is carried forward at most this long for time in response", SILENT,
       assumption=True),
    _p("R18", "DAYS_PER_MONTH", Decimal("30.4375"), "days", "Length of a month in durations", "convention",
       assumption=False),
    _p("R21", "SROT_D", 180, "days", "Sustained response off therapy from this day after its start",
       "NCT05325593 (>= 180 days)", assumption=True),
    _p("R21", "SROT_MAX_GAP_D", 62, "days", "Longest gap between counts for a sustained response", SILENT,
       assumption=True),
    _p("R22", "ROT_MIN_D", 28, "days", "Response off therapy from this day after its start", SILENT, assumption=True),
    _p("R24", "REPORT_ONLY_GRADE_MAX", 1, "grade", "Highest ITP-BAT grade for bleeding known by report only",
       "ITP-BAT v1.0 (Rodeghiero, Blood 121:2596)", assumption=False),
    _p("R24", "MARKED_BLEEDING_GRADE", 2, "grade", "Children with bleeding of this grade or worse are told as a share", SILENT,
       assumption=True),
    _p("E1", "PLT_ASK_UNIT", Decimal(1500), "10^9/L", "From this count on the form asks whether it was printed per µL",
       "protocol 8.1", assumption=True),
    _p("E1", "PLT_RISE_FOLD", Decimal(20), "fold", "A larger rise within the hours below is asked about", "protocol 8.1",
       assumption=True),
    _p("E1", "PLT_RISE_H", 48, "hours", "... within this time", "protocol 8.1", assumption=True),
    _p("E1", "PLT_FALL_PART", Decimal("0.80"), "fraction", "A larger fall within the hours below is asked about", "protocol 8.1",
       assumption=True),
    _p("E1", "PLT_FALL_H", 24, "hours", "... within this time", "protocol 8.1", assumption=True),
    _p("E2", "HB_FALL_PROMPT", Decimal(2), "g/dL", "A fall of this much since before the infusion asks for haemolysis",
       "CTCAE v5 haemolysis grade 2; FDA 2012 (Privigen)", assumption=False),
    _p("E2", "HB_FALL_DAT", Decimal(1), "g/dL", "A fall of this much asks for a direct antiglobulin test", SILENT,
       assumption=True),
    _p("E2", "HB_CHECK_FROM_H", 36, "hours", "Earliest haemoglobin check after an infusion", "FDA 2012 (Privigen)",
       assumption=False),
    _p("E2", "HB_CHECK_UNTIL_H", 96, "hours", "Latest haemoglobin check after an infusion", "FDA 2012 (Privigen)",
       assumption=False),
    _p("E3", "WEIGHT_CHANGE", Decimal("0.10"), "fraction", "A larger change of weight within the days below is asked about",
       "protocol 8.3", assumption=True),
    _p("E3", "WEIGHT_CHANGE_D", 35, "days", "... within this time", "protocol 8.3", assumption=True),
    _p("E3", "WEIGHT_LOSS", Decimal("0.05"), "fraction", "A larger loss of weight is asked about at any time", "protocol 8.3",
       assumption=True),
    _p("E4", "VS_HR_RISE", 30, "/min", "A rise of the heart rate since before the infusion that calls for a look at the child",
       SILENT, assumption=True),
    _p("E4", "VS_SBP_FALL", Decimal("0.20"), "fraction", "The same for a fall of the systolic pressure", SILENT,
       assumption=True),
    _p("E4", "VS_T_RISE", Decimal("1.0"), "C", "The same for a rise of the temperature", SILENT, assumption=True),
    _p("E4", "SPO2_WARN", 94, "%", "Oxygen saturation below which to look at the child", SILENT, assumption=True),
    _p("E4", "SPO2_STOP", 92, "%", "Oxygen saturation below which an infusion is stopped for good", SILENT, assumption=True),
    _p("E5", "IGA_ALERT", Decimal("0.07"), "g/L", "IgA below this: the product holds much IgA, a reaction is possible",
       "Usual definition of selective IgA deficiency, from 4 years", assumption=False),
    _p("E5", "PASSIVE_ANTIBODY_D", 183, "days", "An antibody that is new this long after a dose may come from the product",
       SILENT, assumption=True),
    _p("E6", "LIVE_VACCINE_400_M", 8, "months", "Measles or varicella vaccine waits this long after up to 0.4 g/kg", ACIP,
       assumption=False),
    _p("E6", "LIVE_VACCINE_1000_M", 10, "months", "... after more, up to 1 g/kg", ACIP, assumption=False),
    _p("E6", "LIVE_VACCINE_2000_M", 11, "months", "... after more, up to 2 g/kg", ACIP, assumption=False),
    _p("E6", "IM_FROM_PLT", 50, "10^9/L", "Below this count nothing is injected into a muscle", SILENT, assumption=True),
    _p("RQ-10", "LATE_ENTRY_D", 3, "days", "An answer first entered more than this after its visit is a late entry",
       SILENT, assumption=True),
    _p("RQ-10", "NIGHT_FROM_H", 20, "hour in Cairo", "From this hour an entry is made at an unusual hour", SILENT,
       assumption=True),
    _p("RQ-10", "NIGHT_UNTIL_H", 6, "hour in Cairo", "Until this hour an entry is made at an unusual hour", SILENT,
       assumption=True),
    _p("RQ-10", "EMPTY_REASONS_MAX", Decimal("0.20"), "fraction",
       "Largest accepted part of one person's reasons for change that say nothing", SILENT, assumption=True),
    _p("RQ-10", "SAME_VALUES_MIN", 3, "items", "So many answers equal to those of the visit before are looked at", SILENT,
       assumption=True),
    _p("RQ-10", "REVIEW_EVERY_D", 31, "days", "The trail is reviewed at least this often", SILENT, assumption=True),
    _p("S1", "AE_IMMEDIATE_H", 24, "hours", "An event that begins up to this long after the end of an infusion is immediate",
       "Registry wording 'infusion-related'; window is ours", assumption=True),
    _p("S1", "AE_DELAYED_D", 28, "days", "... and after that up to this long it is delayed, unless the next infusion comes first",
       "Registry wording 'delayed'; window is ours", assumption=True),
    _p("S2", "EG_NOTICE_H", 24, "hours from occurrence", "Serious: notice to sponsor, committee, EDA and Supreme Council",
       LAW_214, assumption=True),
    _p("S2", "EG_FULL_D", 7, "days from occurrence", "Serious: all information, data and reports to the same four", LAW_214,
       assumption=True),
    _p("S2", "EG_OTHER_D", 7, "days from occurrence", "Side effects that are not serious, to the same four", LAW_214,
       assumption=True),
    _p("S2", "SITE_NOTICE_H", 24, "hours from awareness of the site", "Serious: from the investigator to the sponsor",
       "ICH E2A; the hours are a convention", assumption=True),
    _p("S2", "SAFETY_NEAR_H", 6, "hours", "A deadline that is counted in hours is told by mail this long before it",
       "Registry silent", assumption=True),
    _p("S2", "SAFETY_NEAR_D", 2, "days", "... and one that is counted in days this long before it", "Registry silent",
       assumption=True),
    _p("S2", "SUSAR_FATAL_D", 7, "calendar days from awareness of the sponsor",
       "Serious, related, unexpected; fatal or life-threatening: to the regulator", "ICH E2A", assumption=False),
    _p("S2", "SUSAR_COMPLETE_D", 8, "further calendar days", "... and what completes that report", "ICH E2A", assumption=False),
    _p("S2", "SUSAR_D", 15, "calendar days from awareness of the sponsor", "Other serious, related, unexpected: to the regulator",
       "ICH E2A", assumption=False),
    _p("RQ-15", "VIEW_ONCE_MIN", 15, "minutes", "Views of one participant by one person are noted once in this time",
       SILENT, assumption=True),
)
# fmt: on

PARAMETERS: dict[str, Parameter] = {parameter.name: parameter for parameter in _TABLE}


def value(name: str) -> Any:
    """The value of a named parameter; an unknown name is a KeyError at import time."""
    return PARAMETERS[name].value
