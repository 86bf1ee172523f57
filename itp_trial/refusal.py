"""The one way in which an action says no."""


class Refused(Exception):
    """An action that must not happen now; the message says why, in the user's words."""
