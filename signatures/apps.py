from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SignaturesConfig(AppConfig):
    name = "signatures"

    def ready(self) -> None:
        """Tells the rows below what signatures add, without their knowing who listens."""
        from casebook import locks
        from itp_trial import audit, verification
        from signatures import guard, matters, recheck, selectors, sentences  # noqa: F401  (registers its sentences)

        post_migrate.connect(guard.install, sender=self, dispatch_uid="signatures")
        for name, tables in guard.GUARDS.items():
            audit.guards[name] = tables.copy
        locks.conditions.append(selectors.not_signed)
        matters.against["lock"].append(selectors.not_locked)
        verification.further.append(recheck.broken)
