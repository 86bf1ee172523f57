"""The form of this app: what the investigator thinks of the response."""

from responses.crfs.assessment import ResponseAssessment

__all__ = ["ResponseAssessment"]
