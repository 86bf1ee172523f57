"""The API: the same permissions, forms and audit trail as the pages. Lists come in cursor pages."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from casebook.actions import Saved, StaleVersion, save_form
from casebook.doors import participant_of, record_of, right_to_edit
from casebook.forms import CrfForm
from casebook.models import FormRecord, Participant
from casebook.selectors import PARTICIPANTS
from casebook.trail import Filters
from itp_trial.access_log import names, note_attempt
from itp_trial.api import PROBLEM
from itp_trial.idempotency import claim, digest_of
from itp_trial.normalise import Unreadable, text
from itp_trial.permissions import access, allow, allow_somewhere
from itp_trial.roles import Can
from reports import api_docs as docs
from reports import csv_export, selectors, trail_csv
from reports.codebook import entries
from reports.csv_export import CsvFile
from reports.endpoint import PAGING, Endpoint, one_of, plain
from reports.files import FormFile, form_files
from reports.making import only_one, snapshot
from reports.pdf import PdfNotMade, casebook_pdf
from reports.proof import proof_for
from reports.purpose import API, LONGEST, exported, printed
from reports.signatures_csv import line, signatures_of
from reports.states import entry_state, participant_state, visit_state
from reports.views import chosen_site, exportable, known_file, words_of
from reports.writing import as_posted, unknown_rows
from responses.models import ResponseSummary
from responses.selectors import responses

#: What every file may be asked with.
FILE = frozenset({"for", "purpose"})


class NoPdf(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "no_pdf"


class ParticipantList(Endpoint):
    parameters = PAGING

    @docs.participant_list
    def get(self, request: Request) -> Response:
        """The participants of the sites that you may see."""
        allow_somewhere(plain(request), Can.VIEW)
        participants = access(plain(request)).scope(Can.VIEW, PARTICIPANTS)
        return self.page(participants, lambda rows: [participant_state(row) for row in rows], "screening_number")


class ParticipantDetail(Endpoint):
    @docs.participant
    def get(self, request: Request, pk: UUID) -> Response:
        """One participant."""
        return Response(participant_state(seen(request, pk)))


class VisitList(Endpoint):
    parameters = PAGING

    @docs.visit_list
    def get(self, request: Request, pk: UUID) -> Response:
        """The visits of a participant, planned and done, each with the state of its forms."""
        visits = selectors.visits_of(seen(request, pk))
        return self.page(visits, lambda rows: [visit_state(row) for row in rows], "target", "code", "repeat")


class RecordList(Endpoint):
    parameters = PAGING

    @docs.record_list
    def get(self, request: Request, pk: UUID) -> Response:
        """The forms of a participant with everything that is stored in them."""
        participant = seen(request, pk)
        at_site = access(plain(request)).may(Can.EDIT, participant.site_id)

        def state(rows: list[FormRecord]) -> list[dict[str, Any]]:
            return [entry_state(entry, at_site=at_site) for entry in selectors.entries_of(rows)]

        return self.page(selectors.records_of(participant), state, "created_at", "form", "repeat", "pk")


class SignatureList(Endpoint):
    @docs.signature_list
    def get(self, request: Request, pk: UUID) -> Response:
        """Every signature of a participant: printed name, role, time with zone, meaning, and whether it still stands."""
        return Response({"results": [line(signature) for signature in signatures_of(seen(request, pk))]})


class ResponseDetail(Endpoint):
    @docs.response
    def get(self, request: Request, pk: UUID) -> Response:
        """What the rules say of one participant, with the reasons and the status of every count."""
        participant = seen(request, pk)
        [state] = responses(Participant.objects.filter(pk=participant.pk))
        stored = ResponseSummary.objects.filter(pk=participant.pk).first()
        verdict = stored.verdict if stored else {}
        return Response(state | {name: verdict.get(name, []) for name in ("reasons", "what_would_change", "counts")})


class ResponseList(Endpoint):
    parameters = PAGING

    @docs.response_list
    def get(self, request: Request) -> Response:
        """What the rules say of each participant of the sites that you may see."""
        allow_somewhere(plain(request), Can.VIEW)
        participants = access(plain(request)).scope(Can.VIEW, Participant.objects.all())
        return self.page(participants, _response_states, "screening_number")


def _response_states(page: list[Participant]) -> list[dict[str, Any]]:
    keys = [participant.pk for participant in page]
    states = {state["participant"]: state for state in responses(Participant.objects.filter(pk__in=keys))}
    return [states[str(key)] for key in keys]


class CasebookCsv(Endpoint):
    parameters = FILE

    @docs.casebook_csv
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Everything about one participant, one answer a line."""
        participant = exportable(plain(request), pk)
        with only_one(request.user):
            with snapshot():
                file = csv_export.casebook_csv(selectors.casebook_of(participant), excel=for_excel(request))
            return handed_out(request, file, f"the casebook of {participant.number}", participant=participant)


class CasebookPdf(Endpoint):
    parameters = frozenset({"purpose"})

    @docs.casebook_pdf
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Everything about one participant as a tagged PDF."""
        participant, purpose = exportable(plain(request), pk), stated(request)
        try:
            with only_one(request.user):
                response = casebook_pdf(participant).response()
        except PdfNotMade as reason:
            raise NoPdf(str(reason)) from reason
        proof = proof_for(access(plain(request)), participant=participant)
        printed(request, f"PDF of the casebook of {participant.number}{proof.warning}", purpose, participant=participant)
        return proof.mark(response)


class ParticipantTrailCsv(Endpoint):
    parameters = FILE

    @docs.participant_trail_csv
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """The trail of one participant: one line per value that was entered, changed or taken away."""
        participant = exportable(plain(request), pk)
        file = trail_csv.participant_trail_csv(participant, Filters(), excel=for_excel(request))
        return handed_out(request, file, f"the trail of {participant.number}", participant=participant)


class TrailCsv(Endpoint):
    parameters = FILE | {"site"}

    @docs.trail_csv
    def get(self, request: Request) -> HttpResponse:
        """The trail of one site, or of all sites that you may export."""
        allow_somewhere(plain(request), Can.EXPORT)
        site = chosen_site(plain(request), request.query_params.get("site", ""))
        file = trail_csv.trail_csv(access(plain(request)), site=site, excel=for_excel(request))
        return handed_out(request, file, f"the trail of {f'site {site.code}' if site else 'all sites'}", site=site)


class FormList(Endpoint):
    @docs.form_list
    def get(self, request: Request) -> Response:
        """Every form and row table with its items: labels, types, units, codes, ranges, conditions."""
        allow_somewhere(plain(request), Can.VIEW)
        return Response({"results": [_form_state(file) for file in form_files()]})


class FormCsv(Endpoint):
    parameters = FILE | {"participant"}

    @docs.form_csv
    def get(self, request: Request, slug: str) -> HttpResponse:
        """One form of the sites that you may export, or of one participant."""
        allow_somewhere(plain(request), Can.EXPORT)
        file, participant = known_file(slug), self._participant(request)
        with only_one(request.user):
            with snapshot():
                table = csv_export.form_csv(file, access(plain(request)), participant=participant, excel=for_excel(request))
            return handed_out(request, table, file.title, participant=participant)

    def _participant(self, request: Request) -> Participant | None:
        key = request.query_params.get("participant")
        if key is None:
            return None
        try:
            return exportable(plain(request), UUID(key))
        except ValueError:
            raise ParseError("participant must be the id of a participant.") from None


class RecordDetail(Endpoint):
    @docs.record
    def get(self, request: Request, pk: UUID) -> Response:
        """One form: answers with codes, labels, units and missing reasons, rows, open findings, version."""
        found = record_of(plain(request), pk)
        at_site = access(plain(request)).may(right_to_edit(found), found.site_id)
        return Response(entry_state(selectors.entry_of(found), at_site=at_site))

    @docs.record_put
    def put(self, request: Request, pk: UUID) -> Response:
        """Stores the whole form, as the page does: an item that is absent becomes empty, an absent row goes away."""
        found = record_of(plain(request), pk)
        allow(plain(request), right_to_edit(found), found.site_id)
        posted = as_posted(found.crf_class, request.data)
        try:
            return Response(self._once(request, found, posted))
        except Invalid as invalid:
            if invalid.rows:
                note_attempt(plain(request), f"rows of another form: {names(invalid.rows)}", record=found)
            return problem(422, "Nothing was stored.", errors=invalid.errors)
        except StaleVersion as stale:
            return problem(409, str(stale), version=stale.record.version,
                           differences=[vars(difference) for difference in stale.differences])  # fmt: skip

    def _once(self, request: Request, found: FormRecord, posted: dict[str, str]) -> dict[str, Any]:
        """Stores the form at most once per idempotency key; a replay gets the first answer."""
        key = idempotency_key(request)
        with transaction.atomic():
            taken = claim(request.user, key, digest_of(plain(request).path, posted))
            if taken.replay is not None:
                return taken.replay
            answer = _saved_state(_save(found, posted, request.user))
            taken.settle(answer)
        return answer


class Invalid(Exception):
    """The form refuses what was sent; ``errors`` by item, all at once."""

    def __init__(self, errors: dict[str, list[str]], rows: list[str] | None = None) -> None:
        self.errors, self.rows = errors, rows or []


def _save(found: FormRecord, posted: dict[str, str], by: Any) -> Saved:
    form = CrfForm(found.crf(), posted)
    if unknown := unknown_rows(form):
        raise Invalid({"rows": [f"Not a row of this form: {', '.join(key[:40] for key in unknown)}."]}, unknown)
    if not form.is_valid():
        names = {"": "form", "change-reason": "reason"}
        raise Invalid({names.get(name, name): messages for name, messages in form.errors.items()})
    return save_form(form=form, by=by)


def _saved_state(saved: Saved) -> dict[str, Any]:
    return entry_state(selectors.entry_of(saved.record), at_site=True) | {"emptied": saved.emptied}


def _form_state(file: FormFile) -> dict[str, Any]:
    return {
        "slug": file.slug, "title": file.title, "form": file.crf.slug, "edition": file.crf.edition,
        "is_rows": file.is_rows, "is_log": file.crf.is_log, "is_product": file.crf.is_product, "items": entries(file),
    }  # fmt: skip


def seen(request: Request, pk: UUID) -> Participant:
    """The participant with this key, at a site that the person may see; else 404."""
    return participant_of(plain(request), pk)


def handed_out(request: Request, file: CsvFile, what: str, *, participant: Any = None, site: Any = None) -> HttpResponse:
    """The file, and its line in the access log."""
    code = site.code if site is not None else ""
    proof = proof_for(access(plain(request)), participant=participant, site=site)
    exported(request, words_of(file, what) + proof.warning, stated(request), participant=participant, site=code)
    return proof.mark(file.response())


def stated(request: Request) -> str:
    """What the file is for, as the caller says; a program that says nothing is noted as such."""
    try:
        said = text(request.query_params.get("purpose", ""))[:LONGEST]
    except Unreadable as error:
        raise ParseError(f"purpose: {error}") from error
    return f"{API}: {said}" if said else API


def for_excel(request: Request) -> bool:
    return one_of(request, "for", "excel") == "excel"


def idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if key and not re.fullmatch(r"[\x21-\x7e]{1,64}", key):
        raise ParseError("Idempotency-Key must have 1 to 64 visible ASCII characters.")
    return key


def problem(code: int, detail: str, **more: Any) -> Response:
    return Response({"status": code, "detail": detail, **more}, status=code, content_type=PROBLEM)
