from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrialConfig(AppConfig):
    name = "itp_trial"

    def ready(self) -> None:
        from itp_trial import audit, isolation

        # In this order: the policies name functions of the trail.
        post_migrate.connect(audit.install, sender=self, dispatch_uid="audit")
        post_migrate.connect(isolation.install, sender=self, dispatch_uid="isolation")
