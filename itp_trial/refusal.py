"""The one way in which an action says no."""


class Refused(Exception):
    """An action that must not happen now; the message says why, in the user's words."""


class TooOften(Refused):
    """Tried too often; after ``seconds`` it may be tried again."""

    def __init__(self, text: str, seconds: int) -> None:
        self.seconds = max(seconds, 1)
        super().__init__(text)
