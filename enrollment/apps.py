from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"

    def ready(self) -> None:
        """Listens to the casebook: a task that waits for a visit finds one."""
        from casebook.signals import course_changed, form_saved
        from enrollment.reconsent import after_course, after_form

        form_saved.connect(after_form, dispatch_uid="enrollment.after_form")
        course_changed.connect(after_course, dispatch_uid="enrollment.after_course")
