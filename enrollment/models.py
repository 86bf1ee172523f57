"""Django finds the forms of this app here."""

from enrollment.crfs import Consent, Screening

__all__ = ["Consent", "Screening"]
