"""Django finds the forms of this app here."""

from assessments.crfs.bleeding import BleedingAssessment, BleedingEpisode
from assessments.crfs.blood_count import BloodCount
from assessments.crfs.contact import Contact
from assessments.crfs.daily_life import Satisfaction, SchoolActivity
from assessments.crfs.growth import Growth
from assessments.crfs.haemoglobin_check import HaemoglobinCheck
from assessments.crfs.hospital import HospitalContact
from assessments.crfs.laboratory import Laboratory
from assessments.crfs.safety import AdverseEvent, Rescue
from assessments.crfs.serious import SafetyReport, SeriousEvent
from assessments.crfs.special_interest import SpecialInterest
from assessments.crfs.therapy import Therapy, Vaccination
from assessments.crfs.virology import Virology
from assessments.crfs.vital_signs import VitalSigns
from assessments.notification import Notification
from assessments.reminders import SafetyReminder

__all__ = [
    "AdverseEvent",
    "BleedingAssessment",
    "BleedingEpisode",
    "BloodCount",
    "Contact",
    "Growth",
    "HaemoglobinCheck",
    "HospitalContact",
    "Laboratory",
    "Notification",
    "Rescue",
    "SafetyReminder",
    "SafetyReport",
    "Satisfaction",
    "SchoolActivity",
    "SeriousEvent",
    "SpecialInterest",
    "Therapy",
    "Vaccination",
    "Virology",
    "VitalSigns",
]
