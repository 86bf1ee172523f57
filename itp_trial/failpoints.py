"""Named places where a test may make the process die, to prove that a save is whole or absent.

Does nothing unless ``ITP_FAILPOINT`` names the place; a system check refuses the variable in production.
"""

import os
import signal


def failpoint(name: str) -> None:
    if os.environ.get("ITP_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
