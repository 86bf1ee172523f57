from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"

    def ready(self) -> None:
        """Listens to the casebook: a task that waits for a visit finds one. And says when eligibility must not be signed."""
        from casebook.signals import course_changed, form_saved
        from enrollment.actions import stands_against_eligibility
        from enrollment.reconsent import after_course, after_form
        from signatures.matters import against
        from signatures.models import Scope

        form_saved.connect(after_form, dispatch_uid="enrollment.after_form")
        course_changed.connect(after_course, dispatch_uid="enrollment.after_course")
        against[Scope.ELIGIBILITY].append(stands_against_eligibility)
