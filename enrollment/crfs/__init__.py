"""The forms of screening, consent, history and of leaving the trial."""

from enrollment.crfs.consent import Consent, ConsentSheet, Reconsent, latest_consent
from enrollment.crfs.deviation import Deviation
from enrollment.crfs.history import Demography, Disease, ItpHistory, MedicalHistory, PriorTherapy
from enrollment.crfs.leaving import Death, EndOfStudy, Withdrawal
from enrollment.crfs.screening import Screening

__all__ = [
    "Consent",
    "ConsentSheet",
    "Death",
    "Demography",
    "Deviation",
    "Disease",
    "EndOfStudy",
    "ItpHistory",
    "MedicalHistory",
    "PriorTherapy",
    "Reconsent",
    "Screening",
    "Withdrawal",
    "latest_consent",
]
