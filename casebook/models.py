"""Whose data it is and in which state: participants, visits, form records and findings."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from casebook.outbox import Outgoing
from casebook.windows import Window
from itp_trial.models import Site
from itp_trial.protocol import PLANNED_PARTICIPANTS
from itp_trial.schedule import VISITS, VisitPlan


class Participant(models.Model):
    """A screened child, known by numbers only: no name, no initials, no birth date here."""

    class State(models.TextChoices):
        SCREENING = "screening", "In screening"
        SCREEN_FAILED = "screen_failed", "Screen failure"
        TREATMENT = "treatment", "On treatment"
        FOLLOW_UP = "follow_up", "In follow-up"
        COMPLETED = "completed", "Completed"
        LOST = "lost", "Lost to follow-up"
        WITHDRAWN = "withdrawn", "Withdrawn"
        DIED = "died", "Died"

    ENDED = (State.SCREEN_FAILED, State.COMPLETED, State.LOST, State.WITHDRAWN, State.DIED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="participants")
    screening_number = models.CharField(max_length=12, unique=True)
    subject_number = models.CharField(max_length=12, unique=True, null=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.SCREENING)
    screened_at = models.DateTimeField(default=timezone.now)
    enrolled_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    end_reason = models.TextField(blank=True)
    #: One of the planned places of the trial: reserved at screening, kept when enrolled, free after a screen failure.
    place = models.PositiveSmallIntegerField(null=True, unique=True)

    class Meta:
        ordering = ["screening_number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(place__isnull=True) | Q(place__range=(1, PLANNED_PARTICIPANTS)), name="place_of_the_trial"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["screening", "screen_failed"]) | Q(subject_number__isnull=False),
                name="enrolled_has_number",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The subject number, before enrolment the screening number."""
        return self.subject_number or self.screening_number

    @property
    def is_ended(self) -> bool:
        return self.state in self.ENDED


class Visit(models.Model):
    """One visit of a participant: planned by the schedule or unscheduled. Its window is three plain dates."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="visits")
    code = models.CharField(max_length=20)
    repeat = models.PositiveSmallIntegerField(default=1)
    target = models.DateField()
    opens = models.DateField()
    closes = models.DateField()
    happened_on = models.DateField(null=True)
    #: The day that the site agreed with the family, inside the window or, with a reason, outside of it.
    planned_on = models.DateField(null=True)
    planned_why = models.CharField(max_length=200, blank=True)
    #: Set when the schedule no longer asks for this visit (early end of maintenance); the row stays.
    cancelled = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["target", "code", "repeat"]
        constraints = [
            models.UniqueConstraint(fields=["participant", "code", "repeat"], name="visit_once"),
            models.CheckConstraint(
                condition=Q(opens__lte=models.F("target"), target__lte=models.F("closes")), name="visit_window"
            ),
            # With ``visit_once`` and ``record_not_twice_a_visit``: six doses, and no seventh.
            models.CheckConstraint(condition=Q(code__in=sorted(VISITS)), name="visit_of_the_schedule"),
            models.CheckConstraint(
                condition=Q(repeat=1) | Q(code__in=sorted(code for code, plan in VISITS.items() if plan.repeats)),
                name="visit_repeats_where_planned",
            ),
        ]
        indexes = [models.Index(fields=["closes"], condition=Q(happened_on__isnull=True), name="visit_due")]

    def __str__(self) -> str:
        return f"{self.participant} {self.title}"

    @property
    def plan(self) -> VisitPlan:
        return VISITS[self.code]

    @property
    def title(self) -> str:
        return f"{self.plan.title} {self.repeat}" if self.plan.repeats else self.plan.title

    @property
    def window(self) -> Window:
        return Window(self.opens, self.target, self.closes)

    @property
    def place(self) -> tuple[Any, int, int]:
        """Sorts visits by their planned day, those of one day as the schedule lists them."""
        return self.target, list(VISITS).index(self.code), self.repeat

    @property
    def is_in_window(self) -> bool:
        """Whether it took place inside its window; also true while it has not taken place, and of unscheduled visits."""
        return self.happened_on is None or self.plan.repeats or self.window.contains(self.happened_on)

    def records_in_order(self) -> list[FormRecord]:
        """The records in the order of the ward, which is the order of the schedule."""
        order = {slug: place for place, slug in enumerate(self.plan.forms)}
        return sorted(self.records.all(), key=lambda r: (order.get(r.form, len(order)), r.form, r.repeat))

    @property
    def date(self) -> Any:
        """The day it took place, else the day it is planned for."""
        return self.happened_on or self.target


class LiveRecords(models.Manager["FormRecord"]):
    """All but those that were removed as entered by mistake."""

    def get_queryset(self) -> models.QuerySet[FormRecord]:
        return super().get_queryset().filter(removed_at=None)


class FormRecord(models.Model):
    """One form of one visit: its state and version. The answers stand in the form's own table, by the same key.

    Expected records are created empty by the schedule, so that due and missing are rows, not computations. Nothing is
    deleted: a record that was entered by mistake is removed with a reason and can be put back; ``everything`` holds both.
    """

    class Status(models.TextChoices):
        EXPECTED = "expected", "Not started"
        INCOMPLETE = "incomplete", "Incomplete"
        COMPLETE = "complete", "Complete"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="records")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, related_name="records")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="records")
    #: The record that this one is about: an adverse event and its report.
    about = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followers")
    form = models.CharField(max_length=40)
    repeat = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.EXPECTED)
    version = models.PositiveIntegerField(default=0)
    edition = models.CharField(max_length=12, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(null=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)
    removed_why = models.CharField(max_length=500, blank=True)

    objects = LiveRecords()
    everything = models.Manager["FormRecord"]()

    class Meta:
        ordering = ["created_at", "form", "repeat"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "participant", "visit", "form", "repeat"], nulls_distinct=False, name="record_once"
            ),
            models.CheckConstraint(
                condition=Q(version=0, saved_at__isnull=True) | Q(version__gt=0, saved_at__isnull=False),
                name="saved_has_version",
            ),
            models.CheckConstraint(condition=Q(visit__isnull=True) | Q(repeat=1), name="record_not_twice_a_visit"),
            models.CheckConstraint(condition=Q(removed_at=None) | ~Q(removed_why=""), name="removed_with_reason"),
        ]
        indexes = [models.Index(fields=["form", "participant"], name="record_form")]

    def __str__(self) -> str:
        return f"{self.participant or self.site}: {self.crf_class.title()}"

    @property
    def crf_class(self) -> Any:
        from casebook.crf import crf_by_slug

        return crf_by_slug(self.form)

    @property
    def title(self) -> str:
        return f"{self.crf_class.title()} {self.repeat}" if self.repeat > 1 else self.crf_class.title()

    @property
    def may_be_removed(self) -> bool:
        """What people add by themselves may be a mistake; what the schedule expects is answered or said to be missing."""
        return self.visit is None or self.visit.plan.repeats

    def crf(self) -> Any:
        """The stored answers, or a new empty form of this record."""
        found = self.crf_class.everything.filter(pk=self.pk).first() if self.version else None
        if found is None:
            found = self.crf_class(record=self)
            found.prefill()
        found.record = self
        return found


class Finding(models.Model):
    """Something about a stored form that waits for an answer, or was confirmed, or was cured by the data."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CONFIRMED = "confirmed", "Confirmed as correct"
        CURED = "cured", "Cured by the data"

    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="findings")
    code = models.CharField(max_length=20)
    item = models.CharField(max_length=60)
    message = models.TextField()
    value = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    raised_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    explanation = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["record", "code", "item"], condition=~Q(state="cured"), name="finding_live_once"),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | (Q(settled_by__isnull=False) & ~Q(explanation="")),
                name="confirmed_by_someone_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.message}"


class Comment(models.Model):
    """What a person wrote beside a question for whoever reads the form next. No answer: nothing is computed from it.

    Written once; what is no longer true is answered by a further comment. A photo of the source (``identity.photos``) is a
    comment with a picture.
    """

    class Kind(models.TextChoices):
        WORDS = "words", "Comment"
        PHOTO = "photo", "Photo of the source"

    append_only = True
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="comments")
    #: The question as its history names it (``platelets``, ``bags-volume_ml``), and the key of its line.
    item = models.CharField(max_length=90)
    line = models.CharField(max_length=36, blank=True)
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.WORDS)
    text = models.CharField(max_length=500)
    said_at = models.DateTimeField(default=timezone.now)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["said_at"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comment_says_something")]

    def __str__(self) -> str:
        return self.text


class Draft(models.Model):
    """What a person typed into a form and has not saved. Not clinical data: no export, PDF, rule or trail knows it.

    Holds only the questions that the person touched, each with the answer that they saw before (``base``), so that it can
    be put into whatever is stored when they come back. Goes away when the form is saved. ``docs/adr/0018-drafts.md``.
    """

    audited = False
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(FormRecord, on_delete=models.CASCADE, related_name="drafts")
    base_version = models.PositiveIntegerField()
    base = models.JSONField(default=dict)
    typed = models.JSONField(default=dict)
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["kept_at"]
        constraints = [models.UniqueConstraint(fields=["user", "record"], name="draft_once")]

    def __str__(self) -> str:
        return f"Draft of {self.record_id} by {self.user_id}"


class Lock(models.Model):
    """A participant, a visit or one form is closed to changes, from a moment until it is lifted. ``casebook.locks`` decides."""

    class Kind(models.TextChoices):
        FROZEN = "frozen", "Frozen"
        LOCKED = "locked", "Locked"

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="locks")
    #: Neither: the whole participant. Not called ``visit`` and ``record``: whose the row is stands in ``participant``.
    of_visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="locks")
    of_record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, null=True, related_name="locks")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    reason = models.CharField(max_length=500)
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-set_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "of_visit", "of_record"], condition=Q(lifted_at=None), nulls_distinct=False,
                name="closed_once",
            ),
            models.CheckConstraint(condition=Q(of_visit=None) | Q(of_record=None), name="lock_of_one_thing"),
            models.CheckConstraint(condition=~Q(reason=""), name="lock_with_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False)
                & ~Q(lifted_why=""), name="lifted_by_someone_with_reason",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.participant}"

    @property
    def sentence(self) -> str:
        """What is closed, since when, by whom, why."""
        what = "This form is" if self.of_record_id else "The whole visit is" if self.of_visit_id else "The whole participant is"
        since = timezone.localtime(self.set_at)
        return (f"{what} {self.get_kind_display().lower()} since {since:%d %b %Y %H:%M} Cairo,"
                f" by {self.set_by.full_name}: {self.reason.rstrip('.')}.")  # fmt: skip


class Reminder(Outgoing):
    """One line of a digest: this visit, in this state, told once to this person."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="reminders")
    due_on = models.DateField()

    class Meta(Outgoing.Meta):
        constraints = [
            models.UniqueConstraint(fields=["visit", "recipient", "kind", "due_on"], name="reminder_once"),
        ]
        indexes = [models.Index(fields=["state"], condition=Q(state="waiting"), name="reminder_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.visit_id} to {self.recipient_id} ({self.state})"
