"""``make run``: the whole application on this machine, for a demonstration or for development.

Starts the private servers where the environment names none, brings the database up to date, fills an empty one with the
demonstration trial, and keeps the web server, the worker and the scheduler running until Ctrl-C. Everything listens on
loopback only. Production does not use this: see ``docker-compose.yml``.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from itp_trial import embedded

BASE_DIR = embedded.BASE_DIR
READY_SECONDS = 90
STOP_SECONDS = 8
PR_SET_PDEATHSIG = 1


class LaunchError(RuntimeError):
    """Why it cannot run, and what to do about it, in one line."""


class Interrupted(Exception):
    """Somebody asked us to stop."""


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    children: list[Child] = []
    try:
        run(children)
    except Interrupted:
        pass
    except (LaunchError, embedded.EmbeddedError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        # From here on a second Ctrl-C changes nothing: stopping takes some seconds at most.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stop(children)
        embedded.stop()
    return 0


def run(children: list["Child"]) -> None:
    port = free_port(os.environ.get("PORT") or "8000")
    check_system_packages()
    prepare_environment(port)
    embedded.provide()
    with only_one(Path(os.environ["ITP_VAR_DIR"])) as logs:
        print("Preparing the database ...", flush=True)
        manage("migrate", "--noinput", "--verbosity", "0")
        print(manage("create_demo"), end="", flush=True)
        for name, command in commands(port).items():
            children.append(Child(name, command, logs))
        site = f"http://127.0.0.1:{port}/"
        wait_until_ready(site, children)
        print(f"Ready: {site}", flush=True)
        print(f"Logs and mail: {logs}/ (web.log, worker.log, beat.log). Stop with Ctrl-C.", flush=True)
        while True:
            check(children)
            time.sleep(0.2)


def free_port(text: str) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 1024 <= port <= 65535:
        raise LaunchError(f"PORT={text} is not a port from 1024 to 65535: try `PORT=8123 make run`.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            other = 8123 if port != 8123 else 8124
            raise LaunchError(f"Port {port} is in use: choose another one, e.g. `PORT={other} make run`.") from error
    return port


def check_system_packages() -> None:
    """The PDF maker needs shared libraries that pip cannot bring."""
    script = [sys.executable, str(BASE_DIR / "bin" / "system-packages"), "run"]
    done = subprocess.run(script, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603  (our own command, no shell)
    if done.returncode:
        raise LaunchError(done.stderr.strip())


def prepare_environment(port: int) -> None:
    defaults = {
        "DJANGO_SETTINGS_MODULE": "itp_trial.settings",
        "ITP_DEMO": "1",
        "ITP_VAR_DIR": str(BASE_DIR / "var"),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "PYTHONUNBUFFERED": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


@contextmanager
def only_one(var_dir: Path) -> Iterator[Path]:
    """Two schedulers on one database would send everything twice."""
    logs = var_dir / "log"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (var_dir / "run.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LaunchError(f"Already running with the data in {var_dir}: stop that one first (Ctrl-C).") from error
        yield logs


def manage(*arguments: str) -> str:
    """Run one management command to its end and return what it printed."""
    command = [sys.executable, str(BASE_DIR / "manage.py"), *arguments]
    done = subprocess.run(  # noqa: S603  (our own command, no shell)
        command,
        cwd=BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        raise LaunchError(f"{done.stdout.rstrip()}\n`manage.py {arguments[0]}` failed: see above.")
    return done.stdout


def commands(port: int) -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    web = ["gunicorn", "itp_trial.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    celery = ["celery", "-A", "itp_trial.celery"]
    return {
        "web": [*python, *web, "--timeout", "90", "--graceful-timeout", "5"],
        "worker": [*python, *celery, "worker", "--pool", "solo", "--loglevel", "info", "--without-mingle"],
        "beat": [*python, *celery, "beat", "--loglevel", "info", "--pidfile", ""],
    }


class Child:
    """A process in a session of its own, so that the terminal's Ctrl-C reaches only us and we stop things in order."""

    def __init__(self, name: str, command: list[str], logs: Path) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        with self.log.open("ab") as output:
            self.start = output.tell()
            self.process = _spawn(command, output)

    def last_lines(self, count: int = 15) -> str:
        with self.log.open("rb") as file:
            file.seek(self.start)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])


def _spawn(command: list[str], output: IO[bytes]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  (our own command, no shell)
        command,
        cwd=BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )


def _die_with_parent() -> None:  # pragma: no cover - runs between fork and exec, where nothing is measured
    """Ask Linux to end the child when we are killed without a chance to do it ourselves."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until_ready(site: str, children: list[Child]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not answers(f"{site}healthz"):
        check(children)
        if time.monotonic() > deadline:
            web = children[0]
            raise LaunchError(f"{web.last_lines()}\nThe web server gave no answer in {READY_SECONDS} s: see {web.log}.")
        time.sleep(0.1)


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), opener.open(url, timeout=5) as response:
        return bool(response.status == 200)
    return False


def check(children: list[Child]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise LaunchError(f"{child.last_lines()}\nThe {child.name} process ended (code {code}): see {child.log}.")


def stop(children: list[Child]) -> None:
    """Ask everyone at once; whoever has not gone in time is killed with all it started."""
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def _interrupt(_number: int, _frame: object) -> None:
    raise Interrupted


if __name__ == "__main__":
    sys.exit(main())
