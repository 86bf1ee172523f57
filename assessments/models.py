"""Django finds the forms of this app here."""

from assessments.crfs.bleeding import BleedingAssessment, BleedingEpisode
from assessments.crfs.blood_count import BloodCount
from assessments.crfs.safety import AdverseEvent, Rescue

__all__ = ["AdverseEvent", "BleedingAssessment", "BleedingEpisode", "BloodCount", "Rescue"]
