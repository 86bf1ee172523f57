from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"

    def ready(self) -> None:
        """Listens to the casebook, which does not know who listens."""
        from assessments.receivers import after_infusion
        from casebook.signals import form_saved
        from dosing.crfs import Infusion

        form_saved.connect(after_infusion, sender=Infusion, dispatch_uid="assessments.after_infusion")
