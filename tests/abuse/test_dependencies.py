"""W20, RQ-47: what is installed was locked and is not older than what is known to be safe (``make audit`` looks for news)."""

from __future__ import annotations

import json
import re
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from itp_trial import sbom

pytestmark = pytest.mark.row("W20")

LOCKS = [settings.BASE_DIR / "requirements" / name for name in ("base.txt", "dev.txt")]
#: reliability.md 1.2: below these there are known holes.
FLOORS = {"django": (5, 2, 17), "weasyprint": (70, 0)}


def pins(text: str) -> dict[str, tuple[int, ...]]:
    found = re.findall(r"^([a-z0-9._-]+)==([0-9.]+)", text, re.M)
    return {name: tuple(int(part) for part in number.strip(".").split(".")) for name, number in found}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_the_lock_has_a_hash(lock: Path) -> None:
    blocks = re.split(r"^(?=\S)", lock.read_text(), flags=re.M)
    packages = [block for block in blocks if re.match(r"[a-z0-9]", block)]
    assert len(packages) > 40
    assert not [block.split()[0] for block in packages if "--hash=sha256:" not in block or "==" not in block.split("\n")[0]]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
@pytest.mark.parametrize("name", FLOORS)
def test_nothing_is_older_than_its_floor(lock: Path, name: str) -> None:
    assert pins(lock.read_text())[name] >= FLOORS[name]
    assert tuple(int(part) for part in version(name).split(".")) >= FLOORS[name]


def test_there_is_one_driver_of_the_database() -> None:
    """With psycopg 3 beside it Django would silently use that one."""
    assert not [lock.name for lock in LOCKS if "psycopg" in pins(lock.read_text())]
    with pytest.raises(PackageNotFoundError):
        version("psycopg")


def test_make_audit_asks_about_the_locks_with_their_hashes() -> None:
    makefile = (settings.BASE_DIR / "Makefile").read_text()
    recipe = makefile.split("\naudit:", 1)[1].split("\n\n", 1)[0]
    assert "pip-audit" in recipe or "pip_audit" in recipe
    assert "requirements/dev.txt" in recipe
    assert "--require-hashes" in recipe
    assert "make audit" in (settings.BASE_DIR / "DEVELOPERS.md").read_text()


# --- the bill of materials --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    out = StringIO()
    call_command("sbom", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.requirement("RQ-47")
def test_the_bill_lists_what_is_locked_and_installed(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {c["name"]: c for c in bill["components"]}
    locked = set(pins(LOCKS[0].read_text()))
    assert {"django", "cryptography", "psycopg2-binary", "weasyprint"} <= set(listed)
    assert {name for name, c in listed.items() if c["type"] == "library"} <= locked
    assert len(listed) > 60
    for name, component in listed.items():
        if component["type"] == "library":
            assert component["version"] == version(name)
            assert component["purl"] == f"pkg:pypi/{name}@{version(name)}"
    assert {c["name"] for found in listed.values() for c in found.get("components", [])} == {"postgresql", "redis"}
    assert listed["form.js"]["hashes"][0]["alg"] == "SHA-256"
    references = [c["bom-ref"] for c in bill["components"]]
    assert len(references) == len(set(references))
    assert set(bill["dependencies"][0]["dependsOn"]) == set(references)


@pytest.mark.requirement("RQ-47")
def test_the_same_installation_has_the_same_bill(bill: dict[str, Any]) -> None:
    out = StringIO()
    call_command("sbom", stdout=out)
    assert json.loads(out.getvalue()) == bill


@pytest.mark.requirement("RQ-47")
@pytest.mark.parametrize(("line", "said"), [
    ("django==1.0 \\", "locked as 1.0"), ("no-such-package==1.0 \\", "locked and not installed"),
])  # fmt: skip
def test_a_bill_of_something_else_is_refused(line: str, said: str) -> None:
    with pytest.raises(sbom.NotAsLocked, match=said):
        sbom.bill(line, "x", "1")
    assert sbom.bill(line.replace(" \\", " ; python_full_version < '3.0' \\"), "x", "1")["components"] == []


@pytest.mark.requirement("RQ-47")
def test_the_procedure_names_commands_that_there_are() -> None:
    text, makefile = ((settings.BASE_DIR / name).read_text() for name in ("docs/patching.md", "Makefile"))
    commands = set(re.findall(r"`make (\w+)`", text))
    assert {"audit", "sbom", "lock", "check", "test"} <= commands
    assert not [command for command in commands if f"\n{command}:" not in makefile]
