"""The public page: unchanged, superseded or unknown; no account, no clinical data, no guessing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from demo.builder import fill, sign
from signatures import verify
from signatures.matters import Matter

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RQ-33")]


def ask(code: str) -> Any:
    return Client().post(reverse("verify-signature"), {"code": code}, secure=True)


def test_a_valid_a_superseded_and_an_unknown_code(universe: Any, visit: Matter) -> None:
    signature = sign(visit, universe.ines)
    for typed in (signature.code, signature.code.lower().replace("-", " ")):
        page = ask(typed).content.decode()
        assert "Unchanged" in page
        assert signature.manifestation in page
    assert universe.responder.number not in page
    assert "Count day 3" not in page
    fill(universe.record(universe.responder, "blood-count", "D3"), universe.clara, platelets=61)
    page = ask(signature.code).content.decode()
    assert "What was signed has changed since, on " in page
    assert "Unchanged" not in page
    for code in ("", "AAAAA-AAAAA-AAAAA-AAAAA", "'; DROP TABLE", "\x00", signature.code[:-1]):
        assert "No signature of this system has this code" in ask(code).content.decode()


def test_what_was_altered_behind_the_application_is_not_called_unchanged(universe: Any, visit: Matter, monkeypatch: Any) -> None:
    signature = sign(visit, universe.ines)
    monkeypatch.setattr("signatures.recheck.seal.holds", lambda signature: False)
    page = ask(signature.code).content.decode()
    assert "What was signed has changed since" in page


def test_a_link_fills_the_field_in_and_asks_nothing(universe: Any, visit: Matter) -> None:
    signature = sign(visit, universe.ines)
    page = Client().get(reverse("verify-signature"), {"code": signature.code}, secure=True).content.decode()
    assert f'value="{signature.code}"' in page
    assert "Ines Farouk" not in page


def test_codes_are_not_tried_for_long(universe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "OF_CODES", verify.throttle.Limit("codes of signatures, this address", 3, 300))
    assert [ask("AAAAA").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
