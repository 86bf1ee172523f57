"""Locks, Makefile, system packages, container files: each claim is compared with the code it is about."""

import importlib
import importlib.util
import json
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from itp_trial.celery import app
from tests.infrastructure import BASE_DIR

LOCKS = sorted((BASE_DIR / "requirements").glob("*.txt"))
COMPOSE = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
APP_SERVICES = ["web", "worker", "beat", "migrate"]
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
ENV_EXAMPLE = (BASE_DIR / ".env.example").read_text()
SETTINGS = (BASE_DIR / "itp_trial" / "settings.py").read_text()
LAUNCHERS = "".join((BASE_DIR / "itp_trial" / name).read_text() for name in ("embedded.py", "launch.py"))
SECRETS = {"SECRET_KEY", "IDENTITY_KEYS", "POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD"}
#: For the machine that runs it, not for production.
LOCAL_ONLY = {"ITP_DEMO", "ITP_VAR_DIR"}
#: Only the migration may know the owner of the tables.
MIGRATION_ONLY = {"DATABASE_OWNER_URL"}


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / name), *arguments]
    return subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)


def settings_variables() -> set[str]:
    return set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z0-9_]+)["']""", SETTINGS))


def example_variables() -> set[str]:
    return set(re.findall(r"^#?([A-Z0-9_]+)=", ENV_EXAMPLE, re.MULTILINE))


def interpolated(value: object) -> set[str]:
    return set(re.findall(r"\$\{([A-Z0-9_]+)", json.dumps(value)))


# --- locks ---------------------------------------------------------------------------------------------------------


@pytest.mark.row("W20")
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_have_hashes_and_no_address(lock):
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    requirements = [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    assert requirements
    for entry in requirements:
        assert re.match(r"^[a-z0-9.\[\]_-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry


def test_the_development_lock_contains_the_other_one():
    base, dev = (
        set(re.findall(r"^(\S+==\S+)", (BASE_DIR / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("base.txt", "dev.txt")
    )
    assert base < dev


# --- Makefile and scripts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["run", "test", "check", "bench", "lock", "docs", "clean"])
def test_make_knows_the_target(target):
    done = subprocess.run(["make", "--dry-run", target], cwd=BASE_DIR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_make_says_in_one_line_that_python_is_too_old(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    command = ["make", "run", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"]
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Python 3.11 or newer is needed")


def test_ci_runs_check_and_test():
    text = (BASE_DIR / ".ci" / "run").read_text()
    assert "for target in check test" in text
    assert (BASE_DIR / ".ci" / "run").stat().st_mode & 0o111


def program(name):
    """One of bin/ as a module."""
    loader = SourceFileLoader(name.replace("-", "_"), str(BASE_DIR / "bin" / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def system_packages():
    return program("system-packages")


def test_missing_packages_are_named_in_one_line(system_packages, monkeypatch, capsys):
    monkeypatch.setattr(system_packages, "is_present", lambda _sign: False)
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 1000)
    assert system_packages.main(["test"]) == 1
    error = capsys.readouterr().err
    assert error == (
        "Missing system packages: run `sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
        "chromium poppler-utils libatomic1 curl` and try again.\n"
    )


def test_a_missing_optional_package_stops_nobody(system_packages, monkeypatch, capsys):
    monkeypatch.setattr(system_packages, "is_present", lambda sign: "harfbuzz" not in sign)
    assert system_packages.main(["run"]) == 0
    assert capsys.readouterr() == ("", "")


def test_root_on_debian_installs_them(system_packages, monkeypatch, capsys):
    installed = []
    monkeypatch.setattr(system_packages, "is_present", lambda _sign: bool(installed))
    monkeypatch.setattr(system_packages, "install", installed.extend)
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 0)
    monkeypatch.setattr(system_packages.shutil, "which", lambda name: name)
    assert system_packages.main(["run"]) == 0
    assert installed == list(system_packages.RUN)


def test_the_image_has_the_same_system_packages(system_packages):
    for package in system_packages.RUN:
        assert package in DOCKERFILE


# --- container files -----------------------------------------------------------------------------------------------


def test_compose_follows_the_specification():
    done = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_passes_hadolint():
    done = tool("hadolint", "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_has_a_healthcheck():
    for name, service in SERVICES.items():
        if name == "migrate":  # it ends, and the others wait for that
            assert service["healthcheck"] == {"disable": True}
        else:
            assert service["healthcheck"]["test"][0] == "CMD", name


def test_there_is_exactly_one_scheduler():
    schedulers = [name for name, service in SERVICES.items() if "beat" in service.get("command", [])]
    assert schedulers == ["beat"]
    assert "deploy" not in SERVICES["beat"]
    assert "-B" not in SERVICES["worker"]["command"]


def test_only_the_web_service_has_a_port_and_only_on_loopback():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


@pytest.mark.row("W13")
def test_secrets_come_from_the_environment_and_must_be_set():
    text = (BASE_DIR / "docker-compose.yml").read_text()
    for name in SECRETS:
        uses = re.findall(r"\$\{" + name + r"(?!_)([^}]*)\}", text)
        assert uses
        assert all(use.startswith(":?") for use in uses)
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"SECRET|PASSWORD|TOKEN|_KEY", name):
                assert re.fullmatch(r"\$\{\w+(:[?-][^}]*)?\}", value), name


@pytest.mark.row("W13")
def test_no_secret_is_in_the_image_or_the_example():
    assert not re.search(r"^(ENV|ARG)\b[^\n]*(SECRET|PASSWORD|KEY)", DOCKERFILE, re.MULTILINE)
    environment = re.search(r"^ENV (.*?)(?=^\S)", DOCKERFILE, re.MULTILINE | re.DOTALL).group(1)
    assert not re.search("SECRET|PASSWORD|KEY", environment)
    for name in (*SECRETS, "EMAIL_HOST_PASSWORD"):
        assert re.search(rf"^#?{name}=$", ENV_EXAMPLE, re.MULTILINE), name
    assert ".env" not in [line.lstrip("!") for line in (BASE_DIR / ".dockerignore").read_text().splitlines()]


def test_the_image_does_not_run_as_root():
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1].split(":")[0] not in ("0", "root")
    assert DOCKERFILE.rindex("USER ") < DOCKERFILE.rindex("CMD ")


def test_the_image_is_installed_from_the_lock():
    assert "--require-hashes --no-deps -r /tmp/base.txt" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE


def test_whatever_the_image_needs_is_let_through():
    allowed = [line[1:] for line in (BASE_DIR / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    packages = [path.parent.name for path in BASE_DIR.glob("*/__init__.py") if path.parent.name != "tests"]
    needed = {*packages, "manage.py", "bin", "templates", "static", "requirements/base.txt"} - {"benchmarks"}
    assert needed <= set(allowed)


# --- the commands exist --------------------------------------------------------------------------------------------


@pytest.mark.django_db  # before it serves, the application looks at its database
def test_the_web_command_names_a_wsgi_application():
    target = json.loads(re.findall(r"^CMD (\[.*\])", DOCKERFILE, re.MULTILINE)[-1])
    assert target[0] == "gunicorn"
    assert callable(importlib.import_module(target[1]).application)


@pytest.mark.parametrize("service", ["worker", "beat"])
def test_the_celery_commands_name_the_app(service):
    command = SERVICES[service]["command"]
    assert command[:2] == ["celery", "-A"]
    assert importlib.import_module(command[2]).app is app


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks


def test_the_management_commands_exist():
    text = DOCKERFILE + "".join(json.dumps(SERVICES[name].get("command", [])) for name in APP_SERVICES)
    text = text.replace('", "', " ") + (BASE_DIR / "Makefile").read_text()
    commands = set(re.findall(r"manage\.py (\w+)", text)) | set(re.findall(r'manage\("(\w+)"', LAUNCHERS))
    assert {"migrate", "create_demo", "check", "collectstatic"} <= commands
    assert commands <= set(get_commands())


@pytest.mark.parametrize("part", ["web", "worker", "beat"])
def test_the_healthchecks_exist(part):
    assert SERVICES[part]["healthcheck"]["test"] == ["CMD", "python", "bin/healthcheck", part]
    assert f"def {part}() -> bool" in (BASE_DIR / "bin" / "healthcheck").read_text()


# --- the variables -------------------------------------------------------------------------------------------------


def test_every_variable_that_is_offered_is_read():
    given = {name for service in APP_SERVICES for name in SERVICES[service]["environment"]}
    read = settings_variables() | set(re.findall(r'"([A-Z0-9_]+)"', LAUNCHERS))
    assert given <= read
    assert example_variables() <= read | interpolated(COMPOSE)


def test_every_variable_that_is_read_is_offered():
    assert settings_variables() <= example_variables()
    assert interpolated(COMPOSE) <= example_variables()
    assert settings_variables() - LOCAL_ONLY - MIGRATION_ONLY <= set(SERVICES["web"]["environment"])


@pytest.mark.requirement("RQ-48")
def test_only_the_migration_connects_as_the_owner_of_the_tables():
    knowing = {name for name, service in SERVICES.items() if "DATABASE_OWNER_URL" in service.get("environment", {})}
    assert knowing == {"migrate"}
    assert not any("itp_owner" in str(SERVICES[name]) for name in ("web", "worker", "beat"))


def test_every_variable_is_explained():
    lines = ENV_EXAMPLE.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"#?[A-Z0-9_]+=", line):
            assert lines[number - 1].startswith("# "), line
