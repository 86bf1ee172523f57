from django.apps import AppConfig


class ResponsesConfig(AppConfig):
    name = "responses"

    def ready(self) -> None:
        """Listens to the casebook, which does not know who listens."""
        import responses.words  # noqa: F401  (the trail tells announcements by them)
        from casebook.signals import course_changed, form_saved
        from responses.receivers import after_course, after_form

        form_saved.connect(after_form, dispatch_uid="responses.after_form")
        course_changed.connect(after_course, dispatch_uid="responses.after_course")
