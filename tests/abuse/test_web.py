"""The web's usual attacks: script in texts, formulas, headers, uploads, injection into SQL and logs, forged hosts."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.db.models import FileField
from django.test import Client
from django.urls import get_resolver, reverse

from casebook import reminders, selectors
from casebook.models import FormRecord
from itp_trial.actor import acting
from itp_trial.formulas import FORMULA_STARTS, disarmed
from itp_trial.log_lines import OneLine
from itp_trial.models import AuditEntry, Site, User
from reports.files import form_files
from tests.abuse.conftest import MACHINE, addresses, write_everywhere
from tests.access.policy import POLICY, routes
from tests.conformance.document import Document
from tests.input.conftest import count_of

pytestmark = pytest.mark.django_db

# --- W3 ---------------------------------------------------------------------------------------------------------------

#: Markup for the text between tags, for attributes in either quotes, for scripts, styles, addresses and templates.
SCRIPTS = (
    "<x-evil>1</x-evil>", "<script>evil()</script>", '"><x-evil onevil="evil()">', "'><x-evil onevil='evil()'>",
    "</textarea></title></script><x-evil>", "<img src=x onerror=evil()>", "<svg onload=evil()>", "javascript:evil()",
    "{{ evil }}{% evil %}${evil()}", "-->]]><x-evil>", "&lt;x-evil&gt;", '" onevil="evil()', "' onevil='evil()",
    "\\u003cx-evil\\u003e",
)  # fmt: skip


@pytest.fixture
def poisoned(universe: Any) -> Any:
    """Every text of site 01, and the names around it, hold all of them."""
    write_everywhere(universe, "01", lambda place: f"{place} {' '.join(SCRIPTS)}")
    with acting(MACHINE, "Words"):
        User.objects.filter(pk=universe.clara.pk).update(full_name=SCRIPTS[0] + SCRIPTS[2])
        Site.objects.filter(pk=universe.s1.pk).update(name=SCRIPTS[0] + SCRIPTS[2] + SCRIPTS[5])
    return universe


def foreign_markup(html: str) -> list[str]:
    """What the texts made of the page, if anything. Raises where the page does not parse."""
    page = Document(html)
    found = [f"<{element.tag}>" for element in page.elements if element.tag == "x-evil"]
    found += [f"{element.tag}: {name}" for element in page.elements for name in element.attrs if name.startswith("on")]
    found += [f"{element.tag}: {value[:30]}" for element in page.elements for name, value in element.attrs.items()
              if name in ("href", "src", "action", "formaction") and value.strip().lower().startswith("javascript")]  # fmt: skip
    return found + [element.tag for element in page.all("script", "style", "iframe", "object", "embed") if element.text.strip()]


@pytest.mark.row("W3")
def test_the_search_for_markup_is_not_blind() -> None:
    assert foreign_markup("<p><x-evil></x-evil></p>")
    assert foreign_markup('<a onclick="x">y</a>')
    assert foreign_markup('<a href="javascript:x">y</a>')
    assert foreign_markup("<script>x</script>")


@pytest.mark.row("W3")
@pytest.mark.parametrize("who", ["clara", "milo", "adam", "hana"])
def test_texts_stay_texts_on_every_page(poisoned: Any, client_of: Callable[[User], Client], who: str) -> None:
    client, shown = client_of(getattr(poisoned, who)), ""
    for name, address in addresses(poisoned, poisoned.responder, poisoned.s1).items():
        answer = client.get(address)
        assert answer.status_code < 500, name
        assert "unsafe" not in answer.headers["Content-Security-Policy"], name
        if "html" in answer.headers["Content-Type"] and name != "api-docs":
            html = answer.content.decode()
            assert not foreign_markup(html), name
            shown += Document(html).text
        elif name.endswith("casebook-pdf") and answer.status_code == 200:
            printed = answer.content.decode().removeprefix("%PDF-")
            # The drawing of the course has a style of its own; nothing of what people write is in it.
            assert not [found for found in foreign_markup(printed) if found != "style"], name
    assert "<x-evil>" in shown, "and people read what was typed"


@pytest.mark.row("W3")
def test_what_was_refused_comes_back_as_text(universe: Any, client_of: Callable[[User], Client]) -> None:
    client = client_of(universe.clara)
    url = reverse("record", args=[universe.record(universe.untreated, "blood-count", "LOAD").pk])
    for script in SCRIPTS:
        for posted in ({"platelets": script}, {script[:60]: "1"}, {"change-reason": script, "done": script}):
            answer = client.post(url, {**count_of(universe.today), **posted})
            assert answer.status_code == 422
            assert not foreign_markup(answer.content.decode()), script
        for address in (f"/{quote(script)}", f"{reverse('participants')}?q={quote(script)}", f"/sign-in/?next={quote(script)}"):
            assert not foreign_markup(Client().get(address, secure=True, follow=True).content.decode())


# --- W5 ---------------------------------------------------------------------------------------------------------------

FORMULAS = (
    "=1+1",
    "+1",
    "-1+1",
    "@x",
    "\t=1",
    "\r=1",
    '"=1',
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "'=1",
    "''x",
    '=HYPERLINK("http://evil")',
)


@pytest.mark.row("W5")
@pytest.mark.parametrize("first", range(3))
def test_no_cell_for_excel_begins_like_a_formula(universe: Any, client_of: Callable[[User], Client], first: int) -> None:
    """In every file, in every text; one apostrophe less and the text is as it was typed; numbers are as they were.

    One formula after the other stands in one place after the other, each time beginning with another one.
    """
    formulas = islice(cycle(FORMULAS), 5 * first, None)
    write_everywhere(universe, "01", lambda place: next(formulas))
    client, seen = client_of(universe.ines), set()
    files = [reverse("form-csv", args=[file.slug]) for file in form_files() if not file.slug.startswith("lot-")]
    for address in [*files, reverse("casebook-csv", args=[universe.responder.pk])]:
        plain, excel = (list(csv.reader(io.StringIO(client.get(f"{address}{query}").content.decode("utf-8-sig"), newline="")))
                        for query in ("?purpose=analysis", "?purpose=analysis&for=excel"))  # fmt: skip
        for before, after in zip(plain[1:], excel[1:], strict=True):
            for typed, cell in zip(before, after, strict=True):
                seen |= {typed} & set(FORMULAS)
                assert not cell.startswith(FORMULA_STARTS[:-1]) or re.fullmatch(r"-?[0-9.]+", cell), cell
                assert cell in (typed, f"'{typed}")
                assert typed not in FORMULAS or cell.removeprefix("'") in (typed, typed.removeprefix("'"))
    assert seen == set(FORMULAS)


@pytest.mark.row("W5")
def test_the_guard_can_be_taken_off_again() -> None:
    texts = [*FORMULAS, "plain", "'", "", "it's", *FORMULA_STARTS]
    assert [disarmed(text).removeprefix("'") if disarmed(text).startswith("'") else text for text in texts] == texts
    assert len({disarmed(text) for text in texts}) == len(set(texts))


# --- W8, W11 ----------------------------------------------------------------------------------------------------------

HEADERS = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}  # fmt: skip
POLICY_PARTS = ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'")


def lacking(answer: Any) -> list[str]:
    """The protection that an answer lacks."""
    wrong = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("Content-Security-Policy", "")
    wrong += [part for part in POLICY_PARTS if part not in policy] + ["unsafe"] * ("unsafe" in policy)
    wrong += ["X-Request-ID"] * (not re.fullmatch("[0-9a-f]{32}", answer.headers.get("X-Request-ID", "")))
    caching = answer.headers.get("Cache-Control", "")
    return wrong + ["no-store"] * ("no-store" not in caching)


@pytest.mark.row("W8", "W11")
@pytest.mark.parametrize("who", ["stranger", "clara", "adam"])
def test_every_answer_carries_its_protection(universe: Any, client_of: Callable[[User], Client], who: str) -> None:
    client = Client() if who == "stranger" else client_of(getattr(universe, who))
    wrong = {}
    for address in addresses(universe, universe.responder, universe.s1).values():
        for method in ("get", "head", "post", "delete", "options") if who == "clara" else ("get", "post"):
            answer = getattr(client, method)(address, secure=True)
            if missing := lacking(answer):
                wrong[f"{method} {address} {answer.status_code}"] = missing
    assert not wrong


@pytest.mark.row("W8", "W13", "W17")
@pytest.mark.parametrize(
    ("address", "more", "status"),
    [("/no/such/page", {}, 404), ("/participants/?x=%00", {}, 400), ("/worklist/", {"HTTP_HOST": "evil.example"}, 400),
     ("/sign-in", {}, 301), ("/worklist/", {"broken": True}, 500), ("/api/v1/no/such", {}, 404)],
)  # fmt: skip
def test_errors_and_redirects_carry_it_too(
    universe: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch, address: str, more: dict[str, Any], status: int
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    client = client_of(universe.clara)
    client.raise_request_exception = False
    if more.pop("broken", False):
        monkeypatch.setattr(selectors, "work_list", fail)
    answer = client.get(address, **more)
    assert answer.status_code == status
    assert not lacking(answer)
    assert "evil" not in answer.content.decode() + str(answer.headers)


@pytest.mark.requirement("RQ-47")
@pytest.mark.row("W8")
def test_production_speaks_only_https() -> None:
    """In a process of its own, with the settings of production."""
    program = """
import django; django.setup()
from django.test import Client, RequestFactory
from django.middleware.security import SecurityMiddleware
from django.http import HttpResponse
from itp_trial.middleware import NumberMiddleware
chain = NumberMiddleware(SecurityMiddleware(lambda request: HttpResponse("ok")))
plain, safe = (chain(RequestFactory().get("/worklist/", secure=secure)) for secure in (False, True))
print(plain.status_code, plain["Location"], bool(plain["X-Request-ID"]))
print(safe["Strict-Transport-Security"])
"""
    environment = {"SECRET_KEY": "x" * 60, "DATABASE_URL": "postgres://u@/d", "REDIS_URL": "redis://r",
                   "PATH": os.environ["PATH"], "ALLOWED_HOSTS": "testserver",
                   "DJANGO_SETTINGS_MODULE": "itp_trial.settings"}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], env=environment, cwd=settings.BASE_DIR, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert done.stdout.splitlines() == ["301 https://testserver/worklist/ True", "max-age=31536000; includeSubDomains; preload"]


@pytest.mark.row("W11")
def test_addresses_hold_ids_and_nothing_of_a_child(universe: Any, client_of: Callable[[User], Client]) -> None:
    """Every link of every page: random ids, names of forms and pages; no number, date, name or value of a child."""
    client = client_of(universe.clara)
    child = universe.responder
    told = {child.subject_number, child.screening_number, "S01-", "01-0"}
    links = set()
    for name, address in addresses(universe, child, universe.s1).items():
        answer = client.get(address)
        if "html" in answer.headers["Content-Type"] and name != "api-docs":
            page = Document(answer.content.decode())
            links |= {element.attrs.get(place, "") for element in page.elements for place in ("href", "src", "action")}
    assert len(links) > 30
    assert not [link for link in links for word in told if word in link]
    parts = {part for link in links for part in urlsplit(link).query.split("&")}
    assert {part for part in parts if not re.fullmatch(HARMLESS, part)} <= {"", "for=excel"} | _days(links)


#: What stands behind a question mark: the key of a row, how a page is sorted or drawn, where a list goes on, what a file is for.
HARMLESS = "purpose=other|purpose_text=For.the.family|row=[0-9a-f-]{36}|(order|scale|sort)=-?[a-z_]+|before=[0-9]+"


def _days(links: set[str]) -> set[str]:
    """The report of access rights is asked for by its day, which belongs to no child."""
    return {urlsplit(link).query for link in links if link.startswith("/access-rights")}


# --- W9, W15 ----------------------------------------------------------------------------------------------------------


@pytest.mark.row("W9")
def test_there_is_no_place_for_a_file(universe: Any, client_of: Callable[[User], Client]) -> None:
    assert not [field for model in apps.get_models() for field in model._meta.fields if isinstance(field, FileField)]
    client, inputs = client_of(universe.clara), []
    for name, address in _pages(universe):
        page = Document(client.get(address).content.decode())
        inputs += [name for element in page.all("input", "form")
                   if element.attrs.get("type") == "file" or "multipart" in element.attrs.get("enctype", "")]  # fmt: skip
    assert not inputs
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE <= 1024 * 1024
    assert settings.DATA_UPLOAD_MAX_NUMBER_FIELDS <= 1000
    assert settings.DATA_UPLOAD_MAX_NUMBER_FILES <= 100


def _pages(universe: Any) -> Iterator[tuple[str, str]]:
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    yield from [("record", reverse("record", args=[record.pk])), ("visits", reverse("visits", args=[universe.untreated.pk])),
                ("end", reverse("end-participation", args=[universe.responder.pk])), ("screen", reverse("screen"))]  # fmt: skip


#: The name of the file, and what is in it.
UPLOADS = {
    "a page that calls itself a picture": ("x.png", b"<html><script>evil()</script>"),
    "a drawing with a script": ("x.svg", b"<svg onload='evil()'/>"), "a way out": ("../../../../tmp/evil", b"x"),
    "a bomb": ("x.zip", b"PK\x03\x04" + b"\x00" * 10_000), "a program": ("x.py", b"import os"),
}  # fmt: skip


@pytest.mark.row("W9")
@pytest.mark.parametrize(("filename", "content"), UPLOADS.values(), ids=UPLOADS)
def test_a_file_that_is_sent_is_kept_nowhere(
    universe: Any, client_of: Callable[[User], Client], tmp_path: Path, filename: str, content: bytes
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    file = SimpleUploadedFile(filename, content, "image/png")
    client = client_of(universe.clara)
    answer = client.post(reverse("record", args=[record.pk]), {**count_of(universe.untreated.enrolled_on), "platelets": file})
    assert answer.status_code in (302, 422)
    stored = FormRecord.objects.get(pk=record.pk)
    assert stored.version == 0 or stored.crf().platelets is None
    raw = client.generic("PUT", reverse("api-record", args=[record.pk]), content, "image/png")
    assert raw.status_code == 415
    assert not list(tmp_path.iterdir())
    del settings.FILE_UPLOAD_TEMP_DIR


BOMB = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY c "&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]><b>&c;&f;</b>'


@pytest.mark.row("W15")
@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "image/svg+xml", "application/json"])
def test_nothing_reads_xml(universe: Any, client_of: Callable[[User], Client], kind: str) -> None:
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    answer = client_of(universe.clara).generic("PUT", reverse("api-record", args=[record.pk]), BOMB, kind)
    assert answer.status_code == (400 if kind.endswith("json") else 415)


@pytest.mark.row("W15")
def test_no_code_of_ours_parses_xml() -> None:
    ours = [path for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app).is_dir() and "." not in app
            for path in (settings.BASE_DIR / app).rglob("*.py")]  # fmt: skip
    assert len(ours) > 100
    parsers = re.compile(r"^\s*(?:import|from)\s+(?:xml(?!\.sax\.saxutils)|lxml|defusedxml|xmltodict|bs4|html5lib)\b", re.M)
    assert not [str(path) for path in ours if parsers.search(path.read_text())]


# --- W12 --------------------------------------------------------------------------------------------------------------

INJECTIONS = (
    "'", "''", "' OR 1=1--", "1' OR '1'='1", "1); DROP TABLE casebook_participant;--", "1 UNION SELECT NULL--", "%27%20OR%201=1",
    "\\' OR 1=1#", "1;SELECT pg_sleep(5)", "'||pg_sleep(5)||'", "$$;SELECT 1;$$", "%", "_", "{}", "*/ OR 1=1 /*",
)  # fmt: skip
PARAMETERS = (
    "cursor",
    "page_size",
    "participant",
    "for",
    "day",
    "site",
    "ordering",
    "search",
    "next",
    "q",
    "id",
    "pk__in",
    "user",
)


#: Parameters that a page of ours reads or repeats (escaped): what it shows may differ, that it answers may not.
ANSWERED = {("participants", "site"), ("access-rights", "day"), ("access-rights-csv", "day"), ("sign-in", "next"),
            ("access-log", "participant"), ("access-log", "user"),
            *((page, parameter) for page in ("api-docs", "trail") for parameter in PARAMETERS)}  # fmt: skip


#: Pages with a challenge, and objects of others, which the access matrix walks.
NEW_EACH_TIME = ("add-passkey", "enrol-app", "account-of", "trail-review", "download-copy")


@pytest.mark.row("W12")
@pytest.mark.parametrize("name", [n for n, methods in POLICY.items() if "GET" in methods and n not in NEW_EACH_TIME])
def test_sql_in_a_parameter_is_a_word(universe: Any, client_of: Callable[[User], Client], name: str) -> None:
    """Never 500; where the answer is 200 it is the answer that everybody gets without the parameters.

    All parameters at once, each with another injection; one by one where that is answered otherwise, to see which it was.
    """
    client = client_of(universe.dana)
    found = addresses(universe, universe.responder, universe.s1)
    address = found.get(name) or next(value for key, value in found.items() if key.startswith(f"{name} "))
    plain = client.get(address)
    rows, ignored = _told(plain), [parameter for parameter in PARAMETERS if (name, parameter) not in ANSWERED]
    # Over the pages every parameter meets every injection.
    for first in range(len(name) % 3, len(INJECTIONS), 3):
        posted = dict(zip(PARAMETERS, islice(cycle(INJECTIONS), first, None), strict=False))
        together = client.get(address, {parameter: posted[parameter] for parameter in ignored})
        assert together.status_code < 500, posted
        apart = {parameter: posted[parameter] for parameter in PARAMETERS if parameter not in ignored}
        if together.status_code != plain.status_code or (plain.status_code == 200 and _told(together) != rows):
            apart = posted
        for parameter, injection in apart.items():
            answer = client.get(address, {parameter: injection})
            assert answer.status_code in (200, 302, 400, 403, 404), (parameter, injection)
            if answer.status_code == plain.status_code == 200 and parameter in ignored:
                assert _told(answer) == rows, (parameter, injection)


def _told(answer: Any) -> list[str]:
    # Without the time of day: a second may pass between two answers.
    lines = re.sub(r"\d\d:\d\d(:\d\d)?", "", answer.content.decode("utf-8", "replace")).splitlines()
    return [line for line in lines if not re.search("<time|csrfmiddlewaretoken|idempotency-key|The database.s clock", line)]


@pytest.mark.row("W12")
def test_sql_in_an_address_or_an_answer_is_a_word(universe: Any, client_of: Callable[[User], Client]) -> None:
    client = client_of(universe.clara)
    record = universe.record(universe.untreated, "blood-count", "LOAD")
    before = AuditEntry.objects.count()
    for injection in INJECTIONS:
        for start in ("/participants/", "/records/", "/exports/", "/api/v1/forms/", "/sites/"):
            assert client.get(f"{start}{quote(injection, safe='')}/").status_code in (301, 404)
        answer = client.post(reverse("record", args=[record.pk]), count_of(universe.today, platelets=injection))
        assert answer.status_code == 422
        assert client.post(reverse("screen"), {"site": injection}).status_code == 404
    assert AuditEntry.objects.count() == before


@pytest.mark.row("W12")
def test_no_query_is_made_from_the_parameters_as_they_are() -> None:
    """``filter(**request.GET)`` lets a stranger choose the columns (CVE-2025-64459)."""
    for app in ("itp_trial", "delegation", "casebook", "enrollment", "dosing", "assessments", "responses", "reports"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            assert not re.search(r"\*\*\s*(?:self\.)?request\.(?:GET|POST|query_params|data)", path.read_text()), path


# --- W14 --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[Callable[[], list[str]]]:
    """What the console would get, as our settings format it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    root.removeHandler(handler)


@pytest.mark.row("W14")
def test_the_settings_use_it() -> None:
    assert settings.LOGGING["formatters"] == {"line": {"()": "itp_trial.log_lines.OneLine"}}
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}
    assert settings.CELERY_WORKER_HIJACK_ROOT_LOGGER is False


EVIL = "x\r\nERROR forged: all is well\x1b[31m\u2028\x85y"


@pytest.mark.row("W14")
def test_nothing_that_is_sent_begins_a_line_of_its_own(universe: Any, client_of: Any, logged: Callable[[], list[str]]) -> None:
    client = client_of(universe.clara)
    headers = {"User-Agent": EVIL.replace("\r\n", "%0d%0a"), "X-Forwarded-For": "1.1.1.1\x1b[31m"}
    client.get(f"/{quote(EVIL)}", headers=headers)
    client.get("/worklist/", HTTP_HOST="evil\x1b[31m.example")
    client.post(reverse("record", args=[universe.record(universe.untreated, "blood-count", "LOAD").pk]), {EVIL: EVIL})
    Client().post(reverse("sign-in"), {"username": EVIL, "password": EVIL}, secure=True, headers=headers)
    logging.getLogger("any").warning("note %s", EVIL)
    lines = logged()
    assert len(lines) >= 4
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert set(json.loads(line)) >= {"at", "level", "logger", "message"}


@pytest.mark.row("W14")
def test_no_answer_of_a_child_is_in_the_logs(
    universe: Any, client_of: Any, logged: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the database repeats the whole row in its error, and where a library repeats the error in its message."""
    write_everywhere(universe, "01", lambda place: f"CANARY-S01-{place}")
    client = client_of(universe.clara)
    client.raise_request_exception = False

    def fail(*_: Any, **__: Any) -> None:
        raise IntegrityError("DETAIL: Failing row contains (CANARY-S01, 12, 2019-01-01)")

    for address in addresses(universe, universe.responder, universe.s1).values():
        client.get(address)
    monkeypatch.setattr(selectors, "work_list", fail)
    answer = client.get(reverse("work-list"))
    assert answer.status_code == 500
    try:
        fail()
    except IntegrityError as error:
        logging.getLogger("celery.app.trace").exception("Task raised unexpected: %r", error)
    text = "\n".join(logged())
    assert "IntegrityError" in text
    assert "CANARY" not in text
    assert universe.responder.subject_number not in text
    assert answer.headers["X-Request-ID"] in text, "and the number on the answer finds the line"


# --- W17 --------------------------------------------------------------------------------------------------------------


@pytest.mark.row("W17")
@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_HOST", "HTTP_X_HOST", "HTTP_FORWARDED", "HTTP_X_ORIGINAL_URL"])
def test_forwarded_names_are_not_believed(universe: Any, client_of: Any, header: str) -> None:
    answer = client_of(universe.clara).get(reverse("api-participants") + "?page_size=1", **{header: "evil.example"})
    assert answer.status_code == 200
    assert "evil" not in answer.content.decode()
    assert not settings.USE_X_FORWARDED_HOST
    assert not settings.USE_X_FORWARDED_PORT
    assert "*" not in settings.ALLOWED_HOSTS


@pytest.mark.row("W17")
def test_a_forwarded_address_or_scheme_is_not_believed(universe: Any) -> None:
    """Else anybody could get round the lock-out, or claim that plain HTTP was encrypted."""
    for n in range(5):
        posted = {"username": "clara", "password": "wrong-password-0"}
        last = Client().post(reverse("sign-in"), posted, secure=True, HTTP_X_FORWARDED_FOR=f"10.1.1.{n}")
    assert last.status_code == 429
    assert getattr(settings, "SECURE_PROXY_SSL_HEADER", None) is None, "only with BEHIND_TLS_PROXY"


@pytest.mark.row("W17")
def test_mails_name_the_configured_host(universe: Any, mailoutbox: list[Any]) -> None:
    from datetime import timedelta

    import time_machine
    from django.utils import timezone

    day = timezone.now()
    while day.weekday() in reminders.WEEKEND:
        day += timedelta(days=1)
    with time_machine.travel(day, tick=False):
        reminders.sweep(timezone.localdate())
        reminders.drain()
    assert mailoutbox
    for mail in mailoutbox:
        assert set(re.findall(r"https?://[^/\s]+", mail.body)) == {settings.SITE_URL}


@pytest.mark.row("A6")
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND"])
def test_methods_that_nobody_needs_are_not_there(universe: Any, client_of: Any, method: str) -> None:
    client = client_of(universe.clara)
    client.raise_request_exception = False
    for name, address in addresses(universe, universe.responder, universe.s1).items():
        # Who is signed in is sent on from the sign-in page before anything else.
        assert client.generic(method, address).status_code == (302 if name == "sign-in" else 405), name


@pytest.mark.row("W2")
def test_reading_by_head_writes_nothing(universe: Any, client_of: Any) -> None:
    """As the walk over GET (tests/access) does; HEAD is the other method that must be safe."""
    from tests.access.test_matrix import read_only

    client = client_of(universe.clara)
    client.get(reverse("account"))  # the mark of the last request is written once a minute
    for address in addresses(universe, universe.responder, universe.s1).values():
        with read_only(), connection.cursor():
            assert client.head(address).status_code < 500


def test_every_route_is_walked(universe: Any) -> None:
    """The self-test of this file: no address that can be read is left out."""
    walked = {name.split(" ")[0] for name in addresses(universe, universe.responder, universe.s1)}
    assert walked == {name for name, methods in POLICY.items() if "GET" in methods} & {n for n, _ in routes(get_resolver())}
