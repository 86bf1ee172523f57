"""The private servers: started once, shared, found again, stopped by whoever leaves last."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import environ
import psycopg2
import pytest

from itp_trial import embedded
from tests.infrastructure import BASE_DIR, PROVIDED, bare_environment, processes_using

USE = "import sys, time; from itp_trial import embedded; embedded.provide(); print('up', flush=True); "


@pytest.fixture
def var_dir(tmp_path, monkeypatch):
    """A folder of our own, and an environment that names no servers."""
    monkeypatch.setattr(embedded, "_holds", {})
    for name in PROVIDED:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("ITP_VAR_DIR", str(tmp_path / "var"))
    yield tmp_path / "var"
    embedded.stop()


def start_user(var_dir: Path, then: str = "sys.stdin.read()") -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", USE + then],
        cwd=BASE_DIR,
        env=bare_environment(ITP_VAR_DIR=str(var_dir)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def end_user(process: "subprocess.Popen[str]") -> None:
    process.communicate("")
    assert process.returncode == 0


def provide_again() -> None:
    for name in PROVIDED:
        os.environ[name] = ""
    embedded.provide()


def query(sql: str, role: str = "DATABASE_OWNER_URL") -> object:
    database = environ.Env().db(role)
    connection = psycopg2.connect(host=database["HOST"], user=database["USER"], dbname=database["NAME"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def postgres_pid(var_dir: Path) -> int:
    return int((var_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def test_provides_what_is_missing(var_dir):
    embedded.provide()
    assert query("SHOW server_encoding") == "UTF8"
    assert query("SHOW listen_addresses") == ""
    assert os.environ["REDIS_URL"].startswith("redis+socket:///")
    assert len(os.environ["SECRET_KEY"]) > 60
    assert os.environ["ITP_VAR_DIR"] == str(var_dir)
    embedded.stop()
    assert not processes_using(var_dir)


def test_touches_nothing_where_all_is_set(var_dir, monkeypatch):
    for name in PROVIDED:
        monkeypatch.setenv(name, "theirs")
    embedded.provide()
    assert [os.environ[name] for name in PROVIDED] == ["theirs"] * 4
    assert not var_dir.exists()


@pytest.mark.parametrize("given", PROVIDED)
def test_leaves_a_given_value_alone(var_dir, monkeypatch, given):
    monkeypatch.setenv(given, "theirs")
    embedded.provide(start=False)
    assert os.environ[given] == "theirs"
    assert all(os.environ[name] for name in PROVIDED)


def test_naming_the_servers_starts_none(var_dir):
    embedded.provide(start=False)
    assert os.environ["DATABASE_URL"].endswith("/itp_trial")
    assert not (var_dir / "postgres").exists()


def test_the_secret_key_is_private_and_stays(var_dir):
    embedded.provide(start=False)
    first = os.environ["SECRET_KEY"]
    provide_again()
    assert os.environ["SECRET_KEY"] == first
    assert stat.S_IMODE((var_dir / "secret_key").stat().st_mode) == 0o600


def test_a_second_call_reuses_the_servers_and_the_data_stays(var_dir):
    embedded.provide(durable=False)
    pid = postgres_pid(var_dir)
    query("CREATE TABLE kept AS SELECT 7 AS value")
    provide_again()
    assert postgres_pid(var_dir) == pid
    embedded.stop()
    provide_again()
    assert postgres_pid(var_dir) != pid
    assert query("SELECT value FROM kept") == 7


def test_whoever_leaves_last_stops_the_servers(var_dir):
    first = start_user(var_dir)
    pid = postgres_pid(var_dir)
    second = start_user(var_dir)
    end_user(first)
    assert postgres_pid(var_dir) == pid
    assert processes_using(var_dir / "postgres")
    end_user(second)
    assert not processes_using(var_dir)


def test_many_may_start_at_once(var_dir):
    command = [sys.executable, "-c", USE]
    environment = bare_environment(ITP_VAR_DIR=str(var_dir))
    users = [subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [user.wait(60) for user in users] == [0, 0, 0]
    assert not processes_using(var_dir)


@pytest.mark.fault
def test_orphaned_servers_are_reused_and_then_stopped(var_dir):
    user = start_user(var_dir)
    pid = postgres_pid(var_dir)
    user.kill()
    user.communicate()
    embedded.provide()
    assert postgres_pid(var_dir) == pid
    embedded.stop()
    assert not processes_using(var_dir)


@pytest.mark.fault
def test_starts_again_after_everything_was_killed(var_dir):
    user = start_user(var_dir)
    query_env = dict.fromkeys(PROVIDED, "")
    os.environ.update(query_env)
    for pid in (user.pid, postgres_pid(var_dir), int((var_dir / "redis" / "server.pid").read_text())):
        os.kill(pid, signal.SIGKILL)
    user.communicate()
    embedded.provide()
    assert query("SELECT 1") == 1


@pytest.mark.fault
def test_a_stale_number_that_names_another_process_is_no_obstacle(var_dir):
    embedded.provide()
    embedded.stop()
    (var_dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (var_dir / "redis" / "server.pid").write_text(f"{os.getpid()}\n")
    provide_again()
    assert query("SELECT 1") == 1


@pytest.mark.fault
def test_a_redis_that_hangs_is_replaced(var_dir, monkeypatch):
    embedded.provide()
    hanging = int((var_dir / "redis" / "server.pid").read_text())
    os.kill(hanging, signal.SIGSTOP)
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.2)
    provide_again()
    assert int((var_dir / "redis" / "server.pid").read_text()) != hanging


def test_a_long_path_gets_a_short_socket(var_dir, monkeypatch):
    monkeypatch.setenv("ITP_VAR_DIR", str(var_dir / ("long" * 30) / "Upper Case"))
    embedded.provide()
    assert query("SELECT 1") == 1
    assert stat.S_IMODE(Path(environ.Env().db("DATABASE_URL")["HOST"]).stat().st_mode) == 0o700


def test_someone_elses_socket_folder_is_refused(var_dir, monkeypatch, tmp_path):
    monkeypatch.setenv("ITP_VAR_DIR", str(var_dir / ("long" * 30)))
    monkeypatch.setattr(embedded.tempfile, "gettempdir", lambda: "/tmp")
    redis = embedded.Redis(Path(os.environ["ITP_VAR_DIR"]))
    folder = redis._socket().parent
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    try:
        with pytest.raises(embedded.EmbeddedError, match="not a private folder"):
            redis._socket(make=True)
    finally:
        folder.rmdir()


def test_an_odd_path_gets_a_plain_socket(tmp_path):
    odd = tmp_path / "it's, odd"
    assert embedded._socket_folder(odd, "server.sock", os.geteuid(), make=False) != odd


def test_a_folder_of_another_version_is_refused(var_dir):
    (var_dir / "postgres").mkdir(parents=True)
    (var_dir / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError, match="written by PostgreSQL 9"):
        embedded.provide()


def test_a_folder_with_other_things_is_refused(var_dir):
    (var_dir / "postgres").mkdir(parents=True)
    (var_dir / "postgres" / "letter.txt").touch()
    with pytest.raises(embedded.EmbeddedError, match="not a PostgreSQL data folder"):
        embedded.provide()


def test_a_folder_of_another_user_is_refused(var_dir, monkeypatch):
    embedded.provide()
    embedded.stop()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(embedded.EmbeddedError, match="run as that user"):
        embedded.Postgres(var_dir).start()


def test_an_unusable_folder_is_one_line(var_dir, monkeypatch):
    var_dir.write_text("a file where the folder should be")
    with pytest.raises(embedded.EmbeddedError, match=r"Cannot use .*var: File exists"):
        embedded.provide()


def test_a_missing_wheel_is_one_line():
    with pytest.raises(embedded.EmbeddedError, match="no-such-wheel is not installed"):
        embedded._package_folder("no_such_package", "no-such-wheel")


def test_a_postgres_that_does_not_start_says_why(var_dir, monkeypatch):
    embedded.provide()
    embedded.stop()
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with (var_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(embedded.EmbeddedError, match=r"PostgreSQL did not start: .*(no_such_setting|errors)"):
        provide_again()


def test_a_failing_initdb_says_why(var_dir, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "first\nno space left\n")
    monkeypatch.setattr(embedded.Postgres, "_run", lambda *_arguments, **_options: failed)
    with pytest.raises(embedded.EmbeddedError, match="initdb failed: no space left"):
        embedded.provide()


def test_a_failing_create_database_says_why(var_dir, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "no\n")
    monkeypatch.setattr(embedded.Postgres, "_run", lambda *_arguments, **_options: failed)
    with pytest.raises(embedded.EmbeddedError, match="refused to make the database: no"):
        embedded.Postgres(var_dir)._create_database()


def test_a_postgres_that_never_gets_ready_says_so(var_dir, monkeypatch):
    postgres = embedded.Postgres(var_dir)
    postgres.data.mkdir(parents=True)
    postgres.pid_file.write_text("77\n")
    monkeypatch.setattr(embedded, "_is_alive", lambda _pid, _marker: True)
    monkeypatch.setattr(embedded, "START_SECONDS", 0.15)
    with pytest.raises(embedded.EmbeddedError, match=r"process 77.* does not get ready"):
        postgres.running()


def test_a_redis_that_does_not_start_says_why(var_dir, monkeypatch):
    redis = embedded.Redis(var_dir)
    redis.data.mkdir(parents=True)
    redis.log.write_text("nothing works\n")
    redis.program = Path("/bin/false")
    monkeypatch.setattr(embedded, "START_SECONDS", 0.05)
    with pytest.raises(embedded.EmbeddedError, match="Redis did not start: nothing works"):
        redis.start()


def test_an_unadded_account_is_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(embedded.EmbeddedError, match="run as an ordinary user"):
        embedded._add_user("pgserver")


def test_a_log_without_a_line(tmp_path):
    assert embedded._last_line(tmp_path / "none.log") == "it left no message"
    (tmp_path / "empty.log").touch()
    assert embedded._last_line(tmp_path / "empty.log") == "it left no message"


def test_a_fork_does_not_stop_its_parents_servers(var_dir):
    embedded.provide()
    parents = embedded._holds
    _owner, users = parents[var_dir]
    embedded._holds = {var_dir: (os.getpid() + 1, users)}  # as a fork sees it
    embedded.stop()
    embedded._holds = parents
    assert query("SELECT 1") == 1


def test_deleted_data_are_no_error_at_the_end(var_dir, tmp_path):
    (tmp_path / "gone").mkdir()
    embedded._hold(tmp_path / "gone")
    shutil.rmtree(tmp_path / "gone")
    embedded.stop()
    assert embedded._holds == {}


def test_the_servers_account_is_added_where_it_is_missing(var_dir, monkeypatch):
    added = []

    def find(name):
        if not added:
            raise KeyError(name)
        return SimpleNamespace(pw_uid=os.getuid(), pw_gid=os.getgid())

    folder = var_dir / "closed" / "data"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    monkeypatch.setattr(pwd, "getpwnam", find)
    monkeypatch.setattr(embedded, "_add_user", added.append)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    embedded.Postgres(var_dir)._give_away(folder)
    assert added == ["pgserver"]
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o701


def test_an_ordinary_user_keeps_the_folder(var_dir, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    embedded.Postgres(var_dir)._give_away(var_dir / "not even there")


def test_processes_are_found_without_proc(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "PROC", tmp_path)
    assert embedded._is_alive(os.getpid(), "whatever")
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not embedded._is_alive(child.pid, "whatever")

    def refuse(_pid, _signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert embedded._is_alive(1, "whatever")


def test_manage_py_alone_leaves_nothing_running(var_dir):
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", "print('it', 'ran')"],
        cwd=BASE_DIR,
        env=bare_environment(ITP_VAR_DIR=str(var_dir)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "it ran" in done.stdout
    assert not processes_using(var_dir)


def test_manage_py_says_in_one_line_what_is_wrong(tmp_path):
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env=bare_environment(ITP_VAR_DIR=str(tmp_path / "file")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: Cannot use")
    assert done.stderr.count("\n") == 1


@pytest.mark.requirement("RQ-48")
@pytest.mark.parametrize("attempt", ["CREATE TABLE other (id int)", "CREATE ROLE other", "SET ROLE itp_owner",
                                     "ALTER ROLE itp_app SUPERUSER"])  # fmt: skip
def test_the_application_owns_nothing_and_becomes_nobody_else(var_dir, attempt):
    embedded.provide(durable=False)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(attempt, "DATABASE_URL")


def test_tables_of_an_older_folder_get_their_owner(var_dir):
    """Before there were two roles everything belonged to the superuser."""
    embedded.provide(durable=False)
    server = embedded.Postgres(var_dir)
    server._ask("CREATE TABLE old AS SELECT 1 AS value", embedded.DATABASE)
    server._create_database()
    assert (
        query("ALTER TABLE old ADD COLUMN more int; SELECT tableowner FROM pg_tables WHERE tablename = 'old'") == embedded.OWNER
    )
