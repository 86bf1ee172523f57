from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IdentityConfig(AppConfig):
    name = "identity"

    def ready(self) -> None:
        from identity import across, words  # noqa: F401  (words registers the sentence of the trail)

        post_migrate.connect(across.install, sender=self, dispatch_uid="identity")
