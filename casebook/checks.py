"""System checks of the kernel: the schedule names forms that exist; failpoints are off in production."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from itp_trial.schedule import VISITS


@register
def schedule_names_forms(**_: Any) -> list[CheckMessage]:
    from casebook.crf import crf_models

    known = {model.slug for model in crf_models()}
    asked = {slug for plan in VISITS.values() for slug in plan.forms}
    return [Error(f"The schedule asks for an unknown form: {slug}.", id="casebook.E002") for slug in sorted(asked - known)]


@register
def slugs_are_unique(**_: Any) -> list[CheckMessage]:
    from casebook.crf import crf_models

    slugs = [model.slug for model in crf_models()]
    return [Error(f"Two forms have the slug {s}.", id="casebook.E003") for s in {s for s in slugs if slugs.count(s) > 1}]


@register(deploy=True)
def no_failpoint(**_: Any) -> list[CheckMessage]:
    armed = os.environ.get("ITP_FAILPOINT") and not settings.DEMO
    return [Error("ITP_FAILPOINT is for tests only.", id="casebook.E004")] if armed else []
