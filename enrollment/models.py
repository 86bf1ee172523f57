"""Django finds the forms and tables of this app here."""

from enrollment.crfs import (
    Consent,
    Death,
    Demography,
    Disease,
    EndOfStudy,
    ItpHistory,
    MedicalHistory,
    PriorTherapy,
    Reconsent,
    Screening,
    Withdrawal,
)
from enrollment.versions import ConsentVersion

__all__ = [
    "Consent",
    "ConsentVersion",
    "Death",
    "Demography",
    "Disease",
    "EndOfStudy",
    "ItpHistory",
    "MedicalHistory",
    "PriorTherapy",
    "Reconsent",
    "Screening",
    "Withdrawal",
]
