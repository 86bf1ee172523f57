"""A browser and its system in words, from what it says of itself. Pure; for people who look at their own sessions."""

from __future__ import annotations

import re

#: The first that is found names it; the order matters, because most browsers also say "Chrome" or "Safari".
BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Version", "Safari"), ("curl", "curl"),
)  # fmt: skip
SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS X", "Mac"),
           ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def in_words(user_agent: str) -> str:
    """``Firefox 131 on Windows``; what is not recognised is said to be unknown, never shown as it came."""
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "an unknown system")
    for sign, name in BROWSERS:
        if found := re.search(rf"{sign}[a-zA-Z]*/(\d{{1,4}})\b", user_agent):
            return f"{name} {found[1]} on {system}"
    return f"Unknown browser on {system}"
