"""`make run`: what it says when it cannot, and that it starts, answers, stops and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from itp_trial import launch
from tests.infrastructure import BASE_DIR, bare_environment, processes_using

LAUNCH = [sys.executable, "-m", "itp_trial.launch"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(folder):
    """The real thing on a port of its own; the first time in this folder it builds the demonstration."""
    port = free_port()
    with subprocess.Popen(
        LAUNCH,
        cwd=BASE_DIR,
        env=bare_environment(ITP_VAR_DIR=str(folder), PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Logs"):
                break
        assert f"Ready: http://127.0.0.1:{port}/\n" in lines, "".join(lines)
        yield process, port
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def fetch(port: int, path: str = "healthz") -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as response:
        return response.status


@pytest.mark.fault
def test_starts_answers_and_ends(tmp_path):
    with running(tmp_path) as (process, port):
        answers_and_leaves_nothing_behind(process, port, tmp_path)
    with running(tmp_path) as (process, _port):
        a_dead_child_is_named_and_the_rest_is_stopped(process, tmp_path)


def answers_and_leaves_nothing_behind(process, port, folder):
    assert fetch(port) == 200
    assert {path.name for path in (folder / "log").iterdir()} == {"web.log", "worker.log", "beat.log"}

    second = subprocess.run(
        LAUNCH,
        cwd=BASE_DIR,
        env=bare_environment(ITP_VAR_DIR=str(folder), PORT=str(free_port())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr.startswith("Already running")
    assert fetch(port) == 200

    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert time.monotonic() - started < 15
    assert not processes_using(folder)


def a_dead_child_is_named_and_the_rest_is_stopped(process, folder):
    beat = next(pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if is_beat(pid, folder))
    os.kill(beat, signal.SIGKILL)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"The beat process ended (code -9): see {folder}/log/beat.log." in output
    assert not processes_using(folder)


def is_beat(pid: int, folder: Path) -> bool:
    try:
        process = Path(f"/proc/{pid}")
        said = (process / "cmdline").read_bytes()  # Celery writes its own title where setproctitle is installed
        is_one = b"\0beat\0" in said or said.startswith(b"[celery beat]")
        return is_one and os.fsencode(folder) in (process / "environ").read_bytes()
    except OSError:
        return False


def test_a_busy_port_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            LAUNCH, cwd=BASE_DIR, env=bare_environment(PORT=str(port)), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Port {port} is in use: choose another one, e.g. `PORT=8123 make run`.\n"


@pytest.mark.parametrize("text", ["80", "eighty", "-1", "65536", "²"])
def test_a_wrong_port_is_one_line(text):
    with pytest.raises(launch.LaunchError, match="is not a port from 1024 to 65535"):
        launch.free_port(text)


def test_missing_libraries_are_one_line(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "system-packages").write_text("import sys; sys.exit('Missing system packages: libx')")
    monkeypatch.setattr(launch, "BASE_DIR", tmp_path)
    with pytest.raises(launch.LaunchError, match=r"^Missing system packages: libx$"):
        launch.check_system_packages()


def test_a_failing_command_shows_what_it_said():
    with pytest.raises(launch.LaunchError, match=r"(?s)Unknown command.*`manage.py no_such_command` failed"):
        launch.manage("no_such_command")


def test_a_child_that_ends_is_shown_with_its_last_lines(tmp_path):
    child = launch.Child("web", [sys.executable, "-c", "print('last words'); raise SystemExit(3)"], tmp_path)
    child.process.wait()
    with pytest.raises(launch.LaunchError, match=r"(?s)last words.*The web process ended \(code 3\)"):
        launch.check([child])


def test_only_the_lines_of_this_run_are_shown(tmp_path):
    (tmp_path / "web.log").write_text("from yesterday\n")
    child = launch.Child("web", [sys.executable, "-c", "print('from today')"], tmp_path)
    child.process.wait()
    assert child.last_lines() == "from today"


def test_a_web_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "READY_SECONDS", 0.2)
    child = launch.Child("web", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path)
    with pytest.raises(launch.LaunchError, match="gave no answer"):
        launch.wait_until_ready(f"http://127.0.0.1:{free_port()}/", [child])
    launch.stop([child])
    assert child.process.returncode == -signal.SIGTERM


def test_a_child_that_does_not_go_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "STOP_SECONDS", 0.2)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    child = launch.Child("web", [sys.executable, "-c", stubborn], tmp_path)
    while "deaf" not in child.last_lines():
        time.sleep(0.02)
    launch.stop([child])
    assert child.process.returncode == -signal.SIGKILL


def test_what_is_set_stays_set(monkeypatch):
    monkeypatch.setattr(os, "environ", {"ITP_DEMO": "0"})
    launch.prepare_environment(8123)
    assert os.environ["ITP_DEMO"] == "0"
    assert os.environ["SITE_URL"] == "http://127.0.0.1:8123"
