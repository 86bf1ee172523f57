"""What ``/api/schema/`` says of each address. The serializers describe; nothing is serialized through them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers as s

from casebook.forms import CHANGE_REASONS
from casebook.models import Comment
from itp_trial.api import PROBLEM


class BearerToken(OpenApiAuthenticationExtension):
    """Tells drf-spectacular how our tokens are sent."""

    target_class = "accounts.api.LimitedTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Create a token on your account page."}


class Problem(s.Serializer[Any]):
    status = s.IntegerField()
    detail = s.CharField()


class Differing(s.Serializer[Any]):
    label, theirs, yours = s.CharField(), s.CharField(), s.CharField()


class StaleProblem(Problem):
    """With a stale version: the version that is stored now, and both values of every item that differs."""

    version = s.IntegerField(required=False)
    differences = Differing(many=True, required=False)


class InvalidProblem(Problem):
    errors = s.DictField(child=s.ListField(child=s.CharField()), help_text="All messages, by item.")


class ParticipantState(s.Serializer[Any]):
    id = s.UUIDField()
    number = s.CharField(help_text="The subject number, before enrolment the screening number.")
    subject_number = s.CharField(allow_null=True)
    screening_number = s.CharField()
    site = s.CharField()
    state, state_label = s.CharField(), s.CharField()
    screened_at = s.DateTimeField()
    enrolled_on, ended_on = s.DateField(allow_null=True), s.DateField(allow_null=True)
    end_reason = s.CharField()


class VisitName(s.Serializer[Any]):
    id = s.UUIDField()
    code, title = s.CharField(), s.CharField()
    date = s.DateField(help_text="The day it took place, else the day it is planned for.")


class RecordName(s.Serializer[Any]):
    id = s.UUIDField()
    form, title = s.CharField(), s.CharField()
    repeat = s.IntegerField()
    status = s.CharField(help_text="expected, incomplete or complete")
    version = s.IntegerField(help_text="Send it back with a PUT.")
    edition = s.CharField()
    saved_at = s.DateTimeField(allow_null=True)
    saved_by = s.CharField(allow_null=True)


class RecordOfVisit(RecordName):
    open_findings = s.IntegerField()


class VisitState(VisitName):
    repeat = s.IntegerField()
    target, opens, closes = s.DateField(), s.DateField(), s.DateField()
    happened_on = s.DateField(allow_null=True)
    cancelled = s.CharField(help_text="Why the visit is no longer needed, else empty.")
    records = RecordOfVisit(many=True)


class AnswerState(s.Serializer[Any]):
    label = s.CharField()
    value = s.CharField(allow_null=True, help_text="Code, ISO date, plain number or text.")
    value_label, unit = s.CharField(allow_null=True), s.CharField(allow_null=True)
    missing = s.CharField(allow_null=True, help_text="ND, NA, UNK, RF or SL.")
    missing_label = s.CharField(allow_null=True)
    asked, derived = s.BooleanField(), s.BooleanField()


class RowState(s.Serializer[Any]):
    id = s.UUIDField()
    position = s.IntegerField()
    answers = s.DictField(child=AnswerState())


class FindingState(s.Serializer[Any]):
    id = s.IntegerField()
    code, item, message, value = s.CharField(), s.CharField(), s.CharField(), s.CharField()
    raised_at = s.DateTimeField()


class CommentState(s.Serializer[Any]):
    item, line = s.CharField(), s.UUIDField(allow_null=True)
    kind, text = s.ChoiceField(Comment.Kind.choices), s.CharField()
    said_at, said_by = s.DateTimeField(), s.CharField()


class RecordState(RecordName):
    site = s.CharField()
    participant, number = s.UUIDField(allow_null=True), s.CharField(allow_null=True)
    visit = VisitName(allow_null=True)
    answers = s.DictField(child=AnswerState())
    rows = s.DictField(child=RowState(many=True))
    open_findings = FindingState(many=True)
    comments = CommentState(many=True)


class SavedState(RecordState):
    emptied = s.ListField(child=s.CharField(), help_text="Labels of answers taken away because no longer asked.")


class RecordWrite(s.Serializer[Any]):
    """The whole form: what is absent becomes empty. Computed items are refused."""

    version = s.IntegerField(min_value=0)
    answers = s.DictField(child=s.CharField(allow_null=True), required=False)
    missing = s.DictField(child=s.CharField(help_text="ND, NA, UNK, RF or SL"), required=False)
    rows = s.DictField(child=s.ListField(child=s.DictField()), required=False)
    reason = s.CharField(required=False, help_text=f"Where a stored answer changes: {', '.join(CHANGE_REASONS)}.")
    reason_text = s.CharField(required=False, help_text="With the reason other.")


class SignatureState(s.Serializer[Any]):
    """One signature. ``forms`` holds each covered form as ``key:sha256:hash``."""

    signature_id = s.UUIDField()
    participant, site, scope = s.CharField(), s.CharField(), s.CharField(help_text="form, visit, eligibility or casebook")
    visit_code, visit_title, form, record_id = s.CharField(), s.CharField(), s.CharField(), s.CharField()
    meaning, meaning_label, printed_name, role = s.CharField(), s.CharField(), s.CharField(), s.CharField()
    signed_at_utc, signed_at_cairo = s.CharField(), s.CharField()
    factors, state = s.CharField(), s.CharField(help_text="signed or superseded")
    superseded_by = s.CharField(help_text="The number of the change in the trail, or empty.")
    superseded_at, content_hash, forms, code = s.CharField(), s.CharField(), s.CharField(), s.CharField()


class SignatureStates(s.Serializer[Any]):
    results = SignatureState(many=True)


class ResponseState(s.Serializer[Any]):
    participant = s.UUIDField()
    number, site = s.CharField(), s.CharField()
    best_response = s.CharField(help_text="CR, R, NR or NE")
    flag, state = s.CharField(), s.CharField()
    provisional = s.BooleanField()
    since, confirmed = s.DateField(allow_null=True), s.DateField(allow_null=True)
    response_from, response_confirmed = s.DateField(allow_null=True), s.DateField(allow_null=True)
    response_end_on, response_end_how = s.DateField(allow_null=True), s.CharField(allow_null=True)
    complete_from = s.DateField(allow_null=True)
    duration_days, duration_months = s.IntegerField(allow_null=True), s.CharField(allow_null=True)
    time_in_response_days, time_in_response_observed = s.IntegerField(), s.IntegerField()
    off_therapy_since, off_therapy_state = s.DateField(allow_null=True), s.CharField(allow_null=True)
    off_therapy_not_evaluable_because = s.CharField(allow_null=True)
    as_of, rules_version = s.DateField(allow_null=True), s.CharField()


class ReasonState(s.Serializer[Any]):
    rule, text = s.CharField(), s.CharField()


class ExplainedResponse(ResponseState):
    reasons = ReasonState(many=True)
    what_would_change = s.ListField(child=s.CharField())
    counts = s.ListField(child=s.DictField())


class ItemState(s.Serializer[Any]):
    item, label, type, unit = s.CharField(), s.CharField(), s.CharField(), s.CharField()
    codes = s.DictField(child=s.CharField())
    expected, possible = s.ListField(child=s.CharField()), s.ListField(child=s.CharField())
    asked_if = s.DictField()
    optional, derived, critical = s.BooleanField(), s.BooleanField(), s.BooleanField()
    source = s.CharField(help_text="transcribed, direct capture (eSource) or computed")
    sdtm, help = s.CharField(), s.CharField()


class FormState(s.Serializer[Any]):
    slug, title, form, edition = s.CharField(), s.CharField(), s.CharField(), s.CharField()
    is_rows, is_log, is_product = s.BooleanField(), s.BooleanField(), s.BooleanField()
    items = ItemState(many=True)


class FormStates(s.Serializer[Any]):
    results = FormState(many=True)


def _page_of(state: type[s.Serializer[Any]]) -> type[s.Serializer[Any]]:
    fields = {"next": s.URLField(allow_null=True), "previous": s.URLField(allow_null=True), "results": state(many=True)}
    return type(f"{state.__name__}Page", (s.Serializer,), fields)


_WHY = {
    400: "The request cannot be read: parameters, names, JSON.", 401: "No token or session, or one that is over.",
    403: "Your role does not include this.", 404: "Not found, or it belongs to another site.",
    429: "Too many bad tokens came from this address; Retry-After says when to try again.",
}  # fmt: skip
_ERRORS = {(code, PROBLEM): OpenApiResponse(Problem, why) for code, why in _WHY.items()}
_ONE_AT_A_TIME = {(429, PROBLEM): OpenApiResponse(Problem, "Your last file is still being made; see Retry-After.")}
_LISTS = {code: why for code, why in _ERRORS.items() if code[0] != 404}
_PAGING = [
    OpenApiParameter("cursor", str, description="From the links of the pages."),
    OpenApiParameter("page_size", int, description="100 unless told; at most 500."),
]
_EXCEL = OpenApiParameter("for", str, enum=["excel"], description="Byte order mark, and no text runs as a formula.")
_PURPOSE = OpenApiParameter("purpose", str, description="What the file is for; it stands in the access log. “API” unless told.")
_SITE = OpenApiParameter("site", str, description="Only this site, for example 01.")


def _read(operation: str, answer: Any, *parameters: OpenApiParameter, errors: Any = None) -> Any:
    return extend_schema(operation_id=operation, parameters=list(parameters), responses={200: answer} | (errors or _ERRORS))


def _file(operation: str, kind: str, answer: Any, *parameters: OpenApiParameter, more: Any = None) -> Any:
    responses = {(200, kind): answer} | _ERRORS | _ONE_AT_A_TIME | (more or {})
    return extend_schema(operation_id=operation, parameters=list(parameters), responses=responses)


participant_list = _read("participants", _page_of(ParticipantState), *_PAGING, errors=_LISTS)
participant = _read("participant", ParticipantState)
visit_list = _read("visits", _page_of(VisitState), *_PAGING)
record_list = _read("records", _page_of(RecordState), *_PAGING)
signature_list = _read("signatures", SignatureStates)
response = _read("response", ExplainedResponse)
response_list = _read("responses", _page_of(ResponseState), *_PAGING, errors=_LISTS)
form_list = _read("forms", FormStates, errors=_LISTS)
casebook_csv = _file("casebook_csv", "text/csv", OpenApiTypes.STR, _EXCEL, _PURPOSE)
participant_trail_csv = _file("participant_trail_csv", "text/csv", OpenApiTypes.STR, _EXCEL, _PURPOSE)
trail_csv = _file("trail_csv", "text/csv", OpenApiTypes.STR, _EXCEL, _PURPOSE, _SITE)
form_csv = _file("form_csv", "text/csv", OpenApiTypes.STR, _EXCEL, _PURPOSE,
                 OpenApiParameter("participant", OpenApiTypes.UUID, description="Only this participant."))  # fmt: skip
_NO_PDF = {(503, PROBLEM): OpenApiResponse(Problem, "The PDF could not be made in time.")}
casebook_pdf = _file("casebook_pdf", "application/pdf", OpenApiTypes.BINARY, _PURPOSE, more=_NO_PDF)
record = _read("record", RecordState)

_EXAMPLE = OpenApiExample(
    "A blood count without haemoglobin",
    {"version": 0, "answers": {"done": "Y", "taken_at": "2026-03-05 08:30", "quality": "good", "platelets": "60",
                               "bleeding": "0"}, "missing": {"haemoglobin": "SL"}},
    request_only=True,
)  # fmt: skip
_WRITE_ERRORS = {
    (409, PROBLEM): OpenApiResponse(StaleProblem, "Somebody saved it meanwhile, it takes no entries now, or a key was reused."),
    (413, PROBLEM): OpenApiResponse(Problem, "The body is larger than 1 MB."),
    (415, PROBLEM): OpenApiResponse(Problem, "The body is not application/json."),
    (422, PROBLEM): OpenApiResponse(InvalidProblem, "Some answers cannot be stored; all of them are named."),
}
record_put = extend_schema(
    operation_id="save_record",
    request=RecordWrite,
    examples=[_EXAMPLE],
    parameters=[
        OpenApiParameter(
            "Idempotency-Key", str, OpenApiParameter.HEADER,
            description="Any word of yours, up to 64 characters. The same request with the same key is stored once.",
        )
    ],
    responses={200: SavedState} | _ERRORS | _WRITE_ERRORS,
)  # fmt: skip
