from django.apps import AppConfig


class CasebookConfig(AppConfig):
    name = "casebook"

    def ready(self) -> None:
        from casebook import checks  # noqa: F401  (registers the system checks)
