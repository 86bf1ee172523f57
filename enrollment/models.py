"""Django finds the forms and tables of this app here."""

from enrollment.crfs import (
    Consent,
    Death,
    Demography,
    Deviation,
    Disease,
    EndOfStudy,
    ItpHistory,
    MedicalHistory,
    PriorTherapy,
    Reconsent,
    Screening,
    Withdrawal,
)
from enrollment.deviations import DeviationCause
from enrollment.versions import ConsentVersion

__all__ = [
    "Consent",
    "ConsentVersion",
    "Death",
    "Demography",
    "Deviation",
    "DeviationCause",
    "Disease",
    "EndOfStudy",
    "ItpHistory",
    "MedicalHistory",
    "PriorTherapy",
    "Reconsent",
    "Screening",
    "Withdrawal",
]
