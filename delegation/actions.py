"""The delegation log: enter, sign, end, stop, extend. And what a signature needs first: training; and reviews of it all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from delegation import report, statement
from delegation.authority import may_sign, right_to_sign
from delegation.guides import GUIDE_VERSION, versions
from delegation.models import AccessReview, Training
from delegation.training import valid_trainings
from delegation.words import digest, sentence
from itp_trial import access_log
from itp_trial.actor import System, acting
from itp_trial.models import RoleAssignment, Site, User
from itp_trial.permissions import access_of
from itp_trial.refusal import Refused
from itp_trial.roles import SITE_SIDE, TRIAL_WIDE, Can, Role, conflict_between
from itp_trial.signals import rights_ended

AT_SET_UP = "Appointed when the trial was set up, before anybody could sign."


def assign_role(*, user: User, role: str, site: Site | None, starts: date, ends: date | None, by: Any) -> RoleAssignment:
    """Enters a person in a role at a site (or at all of them) from a day to a day. It gives no right before it is signed."""
    if by == user:
        raise Refused("Nobody gives rights to their own account.")
    _refuse_senseless(role, site, starts, ends)
    with acting(by, "Entered in the delegation log"):
        # Two entries for one person wait for each other here, so that a conflict between them is seen.
        User.objects.select_for_update().get(pk=user.pk)
        if RoleAssignment.objects.filter(user=user, role=role, site=site, starts=starts, stopped_at=None).exists():
            raise Refused("This person already has this role there from that day.")
        _refuse_conflict(user, role, starts, ends)
        entry = RoleAssignment.objects.create(user=user, role=role, site=site, starts=starts, ends=ends)
        _note(entry, "entered, not signed yet", by)
    return entry


def _refuse_senseless(role: str, site: Site | None, starts: date, ends: date | None) -> None:
    if role not in Role.values:
        raise Refused("Please choose a role from the list.")
    if ends and ends < starts:
        raise Refused("The role would end before it starts.")
    if ends and ends < timezone.localdate():
        raise Refused("The role would be over already.")
    if site is None and role in SITE_SIDE:
        raise Refused(f"A {Role(role).label.lower()} works at one site. Please choose it.")
    if site is not None and role in TRIAL_WIDE:
        raise Refused(f"The role of {Role(role).label.lower()} holds for the whole trial. Please leave the site empty.")


def _refuse_conflict(user: User, role: str, starts: date, ends: date | None) -> None:
    others = user.assignments.not_over(timezone.localdate()).filter(Q(ends=None) | Q(ends__gte=starts))
    for other in others if ends is None else others.filter(starts__lte=ends):
        if why := conflict_between(role, other.role):
            raise Refused(f"{user} is {other.get_role_display().lower()} ({other.place}), and {why}. Please end that role first.")


def sign_entries(*, shown: Mapping[int, str], by: User) -> list[RoleAssignment]:
    """Signs entries, all or none. From now on they give their rights.

    :param shown: each entry's key with the digest of the sentence that the signer was shown. The door has just asked for
        the password.
    """
    if not shown:
        raise Refused("Please tick the entries that you sign.")
    if not statement.has_accepted(by):
        raise Refused("Please accept the statement on electronic signatures first; without it nothing can be signed.")
    with acting(by, "Delegation log signed"):
        locked = RoleAssignment.objects.select_for_update(of=("self",)).filter(pk__in=shown)
        entries = list(locked.select_related("user", "site").order_by("pk"))
        if len(entries) < len(shown):
            raise Refused("There is no such entry.")
        trainings, access = valid_trainings(entries), access_of(by)
        for entry in entries:
            if not may_sign(access, by, entry):
                raise Refused(f"{entry}: {_who_signs(entry, by)}")
            text = _text_to_sign(entry, trainings.get((entry.user_id, entry.role)))
            if digest(text) != shown[entry.pk]:
                raise Refused(f"{entry}: this has changed since the page was opened. Nothing was signed; please read it again.")
            _set_signed(entry, text, by)
    return entries


def _who_signs(entry: RoleAssignment, by: User) -> str:
    if entry.user_id == by.pk:
        return "nobody signs their own entry."
    signer = "a principal investigator of this site" if right_to_sign(entry) == Can.DELEGATE else "the sponsor"
    return f"only {signer} signs this entry, while in force."


def _text_to_sign(entry: RoleAssignment, training: Training | None) -> str:
    if entry.signed_at is not None:
        raise Refused(f"{entry}: this entry is signed already.")
    if entry.is_over:
        raise Refused(f"{entry}: this entry is over.")
    if not entry.user.is_active:
        raise Refused(f"{entry}: this account is closed.")
    if training is None:
        raise Refused(f"{entry}: no training for this role is recorded, so it cannot be signed yet.")
    return sentence(entry, training)


def _set_signed(entry: RoleAssignment, text: str, by: Any) -> None:
    entry.signed_at, entry.signed_text = timezone.now(), text
    entry.signed_by = by if isinstance(by, User) else None
    entry.save()
    _note(entry, "signed", by)


def appoint(*, user: User, role: str, starts: date, by: System) -> RoleAssignment:
    """The first sponsor and the first administrator, before anybody can enter or sign: by a named system, as the trail says.

    Refused as soon as somebody is in force in that role; from then on the log has its usual way.
    """
    if role not in TRIAL_WIDE:
        raise Refused("Only the first sponsor and the first administrator are appointed in this way.")
    with acting(by, "Appointed at set-up"):
        list(User.objects.select_for_update().order_by("pk").values_list("pk"))  # two commands at once: one waits, and sees
        in_force = RoleAssignment.objects.on(timezone.localdate()).filter(role=role, user__is_active=True)
        if holder := in_force.select_related("user").first():
            raise Refused(
                f"{holder.user} is {Role(role).label.lower()} already: further entries are made and signed on the pages."
            )
        unsigned = user.assignments.not_over(timezone.localdate()).filter(role=role, signed_at=None, starts__lte=starts)
        entry = unsigned.first() or assign_role(user=user, role=role, site=None, starts=starts, ends=None, by=by)
        _set_signed(entry, AT_SET_UP, by)
    return entry


def end_role(*, assignment: RoleAssignment, ends: date, by: Any) -> RoleAssignment:
    """The last day of an entry. A day that is over closes the access at once, and the log says when that really was.

    An entry only gets shorter: who works longer gets a new entry, and a new signature.
    """
    with acting(by, "Role ended"):
        entry = _entry_to_end(assignment, by)
        if ends < entry.starts:
            raise Refused("A role cannot end before it started.")
        if entry.ends and ends > entry.ends:
            raise Refused("An entry only gets shorter. For a longer time please extend it: that is a new entry, to be signed.")
        entry.ends, entry.ended_by = ends, by if isinstance(by, User) else None
        if ends < timezone.localdate():
            entry.stopped_at = timezone.now()
        entry.save()
        _note(entry, f"ends on {ends:%d %b %Y}", by)
        _close_sessions(entry.user)
    return entry


def stop_role(*, assignment: RoleAssignment, by: Any) -> RoleAssignment:
    """Closes the access of an entry at once; the person's sessions end with the last role, the role's tokens now."""
    with acting(by, "Role taken away at once"):
        entry = _entry_to_end(assignment, by)
        entry.stopped_at, entry.ended_by = timezone.now(), by if isinstance(by, User) else None
        entry.save()
        _note(entry, "stopped at once", by)
        _close_sessions(entry.user)
    return entry


def _entry_to_end(assignment: RoleAssignment, by: Any) -> RoleAssignment:
    """The entry as it stands now, locked."""
    if by == assignment.user:
        raise Refused("Nobody changes the rights of their own account.")
    locked = RoleAssignment.objects.select_for_update(of=("self",)).select_related("user", "site")
    entry = locked.get(pk=assignment.pk)
    if entry.is_over:
        raise Refused("This entry is over already.")
    return entry


def _close_sessions(user: User) -> None:
    if not user.assignments.on(timezone.localdate()).exists():
        rights_ended.send(sender=RoleAssignment, user=user)


def extend_role(*, assignment: RoleAssignment, ends: date | None, by: Any) -> RoleAssignment:
    """The same role for a longer time: a new entry from the day after the last one, which waits for its signature."""
    if assignment.ends is None:
        raise Refused("This entry has no last day.")
    starts = max(assignment.ends + timedelta(days=1), timezone.localdate())
    return assign_role(user=assignment.user, role=assignment.role, site=assignment.site, starts=starts, ends=ends, by=by)


def record_training(*, user: User, role: str, on: date, how: str, by: User, trainer: str = "", version: str = "") -> Training:
    """Writes down that somebody was trained for a role: the person for themselves, or whoever trained them."""
    version = version or GUIDE_VERSION.get(role, "")
    if role not in Role.values or version not in versions(role):
        raise Refused("Please choose a role and an edition of its guide.")
    if how not in Training.How.values:
        raise Refused("Please say how the training was done.")
    if how == Training.How.SESSION and not trainer.strip():
        raise Refused("Please name the trainer of the session.")
    if on > timezone.localdate():
        raise Refused("The training cannot be in the future.")
    with acting(by, "Training confirmed by the person" if by == user else "Training entered by the trainer"):
        return Training.objects.create(
            user=user, role=role, version=version, trained_on=on, how=how, trainer=trainer.strip()[:120], entered_by=by
        )


def review_access(*, day: date, result: str, findings: str, by: User, seen: str) -> AccessReview:
    """Records that the rights of a day were looked through.

    :param seen: the digest of the report as it was shown
    """
    if day > timezone.localdate():
        raise Refused("That day is still to come.")
    if result not in AccessReview.Result.values:
        raise Refused("Please say whether everything was in order.")
    if result == AccessReview.Result.FINDINGS and not findings.strip():
        raise Refused("Please say what you found.")
    if seen != report.digest_of(report.rights_on(day)):
        raise Refused("The rights of that day have changed since the page was opened. Please look again.")
    since = report.next_period(day)
    with acting(by, "Access reviewed"):
        return AccessReview.objects.create(
            reviewer=by, since=since, until=day, result=result, findings=findings.strip(), report=seen
        )


def _note(entry: RoleAssignment, what: str, by: Any) -> None:
    access_log.note(
        access_log.Kind.ROLE,
        user=by if isinstance(by, User) else None,
        user_name=by.actor_name,
        site=entry.site.code if entry.site else "",
        what=f"{entry.user.actor_name}, {entry.get_role_display()}, {entry.place}: {what}",
    )
