from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"

    def ready(self) -> None:
        """Listens to the casebook, which does not know who listens."""
        from assessments.models import AdverseEvent, SeriousEvent, SpecialInterest
        from assessments.receivers import after_event, after_infusion, after_part_of_event
        from casebook.signals import form_saved
        from dosing.crfs import Infusion

        form_saved.connect(after_infusion, sender=Infusion, dispatch_uid="assessments.after_infusion")
        form_saved.connect(after_event, sender=AdverseEvent, dispatch_uid="assessments.after_event")
        for part in (SeriousEvent, SpecialInterest):
            form_saved.connect(after_part_of_event, sender=part, dispatch_uid=f"assessments.after_{part.slug}")
