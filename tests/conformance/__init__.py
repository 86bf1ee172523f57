"""What every form must do, asked of every form: a new one is tested the day it is declared, without a line here."""

from collections.abc import Callable
from typing import Any


def forms_that(wanted: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """Runs a test only for the forms for which it means something."""

    def mark(test: Any) -> Any:
        test.wanted_forms = wanted
        return test

    return mark
