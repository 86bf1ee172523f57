#!/usr/bin/env python
"""Django's command line, with the private servers where the environment names no others."""

import os
import sys

from itp_trial import embedded

#: These never open a connection, so they need no running server.
WITHOUT_SERVERS = {
    "-h", "--help", "help", "--version", "version", "classify", "collectstatic", "diffsettings", "traceability",
}  # fmt: skip


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itp_trial.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    asks_for_help = not {"-h", "--help"}.isdisjoint(sys.argv)
    try:
        embedded.provide(start=command not in WITHOUT_SERVERS and not asks_for_help)
    except embedded.EmbeddedError as error:
        sys.exit(f"manage.py: {error}")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
