from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"

    def ready(self) -> None:
        """Listens to the casebook: tasks that wait for a visit find one, deviations are raised and withdrawn.

        And says when eligibility must not be signed.
        """
        from casebook.signals import course_changed, findings_run, form_saved
        from enrollment.actions import stands_against_eligibility
        from enrollment.deviations import after_findings
        from enrollment.reconsent import after_course, after_form
        from signatures.matters import against
        from signatures.models import Scope

        form_saved.connect(after_form, dispatch_uid="enrollment.after_form")
        findings_run.connect(after_findings, dispatch_uid="enrollment.after_findings")
        course_changed.connect(after_course, dispatch_uid="enrollment.after_course")
        against[Scope.ELIGIBILITY].append(stands_against_eligibility)
