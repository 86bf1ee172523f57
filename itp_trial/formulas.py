"""What a spreadsheet would run as a formula, and how it becomes a plain text (OWASP ASVS 1.2.10)."""

#: An apostrophe is among them so that taking one away from any cell gives back what was typed.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")  # noqa: RUF001  (full-width, as meant)


def disarmed(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
