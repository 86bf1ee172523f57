"""Tests of what surrounds the application: launcher, private servers, Makefile, locks, container files."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
PROVIDED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "IDENTITY_KEYS")


def bare_environment(**changes: str) -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    ours = {*PROVIDED, "ITP_VAR_DIR", "ITP_DEMO", "ALLOWED_HOSTS", "SITE_URL", "PORT"}
    return {name: value for name, value in os.environ.items() if name not in ours} | changes


def processes_using(folder: Path) -> list[str]:
    """Command lines of the living processes that were started with this folder in their environment or arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            facts = command + (process / "environ").read_bytes()
        except OSError:
            continue
        if command and process.name != str(os.getpid()) and os.fsencode(folder) in facts:
            found.append(os.fsdecode(command).replace("\0", " ").strip())
    return found
