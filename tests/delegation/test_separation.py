"""RQ-23, RQ-27, RQ-40: the separation of duties, proven over the tables of roles and rights."""

from __future__ import annotations

from itertools import combinations

import pytest

from itp_trial.roles import CONFLICTS, RIGHTS, SITE_SIDE, SITE_STAFF, SPONSOR_SIDE, Can, Role, conflict_between

pytestmark = pytest.mark.requirement("RQ-23", "RQ-27", "RQ-40")

#: Writes or signs clinical values. Kept by hand, apart from the table that it checks; every right stands in one of the three.
WRITES = {Can.SCREEN, Can.ENROL, Can.EDIT, Can.CONFIRM, Can.PLAN, Can.END_TREATMENT, Can.EDIT_PRODUCT, Can.SIGN, Can.DECIDE,
          Can.MOVE_BAGS, Can.CONFIRM_DOSE, Can.GRADE_DEVIATION}  # fmt: skip
#: Reads clinical data, or governs them without writing values.
CLINICAL = WRITES | {Can.VIEW, Can.VIEW_PRODUCT, Can.EXPORT, Can.FREEZE, Can.UNLOCK, Can.SEE_IDENTITY, Can.SEE_PHOTOS,
                     Can.REVIEW_TRAIL, Can.ASK_REDACTION, Can.GRANT_REDACTION, Can.SEE_DUPLICATES, Can.HOLD_LOT,
                     Can.NOTIFY}  # fmt: skip
ORGANISES = {Can.DELEGATE, Can.APPOINT, Can.MANAGE_PEOPLE, Can.RECORD_TRAINING, Can.SEE_LOG, Can.SEE_ACCESS, Can.REVIEW_ACCESS,
             Can.SEE_ACCESSES, Can.APPROVE_CONSENT}  # fmt: skip
GOVERNS = {Can.FREEZE, Can.UNLOCK, Can.REVIEW_TRAIL, Can.GRANT_REDACTION}

#: Every set of roles that one person may hold at the same time: single roles and pairs without a conflict.
ALLOWED = [frozenset({role}) for role in Role] + [
    frozenset(pair) for pair in combinations(Role, 2) if not conflict_between(*pair)
]


def held(roles: frozenset[Role]) -> set[Can]:
    return set().union(*(RIGHTS[role] for role in roles))


def name(roles: frozenset[Role]) -> str:
    return "+".join(sorted(roles))


def test_every_right_is_sorted() -> None:
    """A new right fails here until somebody decides what it is."""
    assert set(Can) == CLINICAL | ORGANISES
    assert not CLINICAL & ORGANISES


@pytest.mark.parametrize("roles", ALLOWED, ids=name)
class TestWhatOnePersonMayHold:
    def test_nobody_both_enters_and_reviews_locks_or_unlocks(self, roles: frozenset[Role]) -> None:
        assert not (held(roles) & WRITES and held(roles) & GOVERNS)

    def test_who_manages_people_has_no_right_on_clinical_data(self, roles: frozenset[Role]) -> None:
        assert not (Can.MANAGE_PEOPLE in held(roles) and held(roles) & CLINICAL)

    def test_who_enters_a_delegation_does_not_sign_it(self, roles: frozenset[Role]) -> None:
        assert not (Can.MANAGE_PEOPLE in held(roles) and held(roles) & {Can.DELEGATE, Can.APPOINT})

    def test_the_sponsor_writes_nothing_and_is_no_head_of_a_site(self, roles: frozenset[Role]) -> None:
        assert not (Can.APPOINT in held(roles) and held(roles) & (WRITES | {Can.DELEGATE}))

    def test_a_redaction_needs_two_people(self, roles: frozenset[Role]) -> None:
        assert not {Can.ASK_REDACTION, Can.GRANT_REDACTION} <= held(roles)


#: Roles that read or govern and never write a value.
@pytest.mark.parametrize("role", [Role.SPONSOR, Role.MONITOR, Role.DATA_MANAGER, Role.SAFETY, Role.ADMINISTRATOR])
def test_who_works_for_the_sponsor_writes_no_clinical_value(role: Role) -> None:
    assert role in SPONSOR_SIDE
    assert not RIGHTS[role] & WRITES


def test_the_two_sides() -> None:
    assert set(Role) == SITE_SIDE | SPONSOR_SIDE
    assert not SITE_SIDE & SPONSOR_SIDE
    assert SITE_SIDE - {Role.PRINCIPAL} == SITE_STAFF


#: The pairs that one person may hold, by hand; all others are refused at assignment.
MAY_BOTH = {
    ("coordinator", "investigator"), ("coordinator", "principal"), ("coordinator", "pharmacist"),
    ("investigator", "principal"), ("investigator", "pharmacist"), ("principal", "pharmacist"),
    ("monitor", "data_manager"), ("monitor", "safety"), ("monitor", "sponsor"),
    ("data_manager", "safety"), ("data_manager", "sponsor"), ("safety", "sponsor"),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), list(combinations(Role, 2)), ids=str)
def test_which_two_roles_agree(one: Role, other: Role) -> None:
    agree = {(one.value, other.value), (other.value, one.value)} & MAY_BOTH
    assert bool(conflict_between(one, other)) != bool(agree)
    assert conflict_between(one, other) == conflict_between(other, one)


def test_a_role_agrees_with_itself_and_each_conflict_says_why() -> None:
    assert not any(conflict_between(role, role) for role in Role)
    for some, others, why in CONFLICTS:
        assert some
        assert others
        assert "RQ-" in why
