from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"

    def ready(self) -> None:
        """Nobody confirms the eligibility of a child whose criteria or consent say otherwise."""
        from enrollment.actions import stands_against_eligibility
        from signatures.matters import against
        from signatures.models import Scope

        against[Scope.ELIGIBILITY].append(stands_against_eligibility)
