from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CasebookConfig(AppConfig):
    name = "casebook"

    def ready(self) -> None:
        from casebook import checks, guard  # noqa: F401  (registers the system checks)
        from itp_trial import audit

        post_migrate.connect(guard.install, sender=self, dispatch_uid="closed")
        audit.guards[guard.NAME] = guard.guarded
