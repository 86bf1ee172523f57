"""Django finds the forms of this app here."""

from assessments.crfs.bleeding import BleedingAssessment, BleedingEpisode
from assessments.crfs.blood_count import BloodCount
from assessments.crfs.growth import Growth
from assessments.crfs.laboratory import Laboratory
from assessments.crfs.safety import AdverseEvent, Rescue
from assessments.crfs.virology import Virology
from assessments.crfs.vital_signs import VitalSigns

__all__ = [
    "AdverseEvent",
    "BleedingAssessment",
    "BleedingEpisode",
    "BloodCount",
    "Growth",
    "Laboratory",
    "Rescue",
    "Virology",
    "VitalSigns",
]
