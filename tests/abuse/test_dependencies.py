"""W20: what is installed was locked, and nothing is older than what is known to be safe (``make audit`` looks for news)."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from django.conf import settings

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
