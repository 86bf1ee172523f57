"""ITP-BAT R24: the protocol's cases B01-B12, as far as they are pure, and both sides of the evidence rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.smog import BY_CODE, ITEMS, Evidence, Item, Observation, capped, grade

EVIDENCE: tuple[Evidence | None, ...] = ("seen", "record", "report", None)


def interval(*observed: Observation, missing: tuple[str, ...] = ()) -> list[Observation]:
    """All 18 items: those observed, the others without bleeding, except the ``missing`` ones."""
    named = {each.item for each in observed} | set(missing)
    return [*observed, *(Observation(item.code, 0) for item in ITEMS if item.code not in named)]


CASES: list[tuple[str, str, list[Observation]]] = [
    ("B01", "S0M0O0", []),
    ("B02", "S2M1O0", [
        Observation("petechiae", 2, "seen"),
        Observation("ecchymoses", 1, "seen"),
        Observation("epistaxis", 1, "report"),
    ]),
    ("long nosebleed by history", "S0M1O0", [Observation("epistaxis", 2, "report")]),
    ("B04 with a note", "S0M2O0", [Observation("epistaxis", 2, "record")]),
    ("B05", "S1M0O0", [Observation("petechiae", 3, "report")]),
    ("B07", "S2M0O0", [Observation("ecchymoses", 2, "seen")]),
    ("B09", "S0M0O5", [Observation("intracranial", 5, "record")]),
    ("B11 interval form", "S0M3O0", [Observation("epistaxis", 3, "record")]),
    ("B12", "S3M4O0", [Observation("epistaxis", 4, "record"), Observation("petechiae", 3, "seen")]),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "observed"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_cases(expected: str, observed: list[Observation]) -> None:
    found = grade(interval(*observed))
    assert found.text == expected
    assert found.text == f"S{found.skin}M{found.mucosa}O{found.organ}"
    assert all(reason.rule == "R24" for reason in found.reasons)


def test_the_reasons_name_the_leading_sign_and_every_cap() -> None:
    found = grade(interval(Observation("petechiae", 2, "seen"), Observation("epistaxis", 3, "report")))
    words = [reason.text for reason in found.reasons]
    assert words[0].startswith("Nosebleed: grade 3 by report only is counted as 1; a grade above 1 must be seen")
    assert words[1].startswith("Skin 2: Petechiae")
    assert words[2].startswith("Mucosa 1: Nosebleed")
    assert words[3] == "Organ 0: no bleeding."


def test_the_table_has_the_18_items_of_the_tool() -> None:
    assert [sum(item.domain == domain for item in ITEMS) for domain in "SMO"] == [4, 5, 9]
    assert len(BY_CODE) == 18
    highest = {item.code: max(item.grades[:-1]) for item in ITEMS}
    assert [code for code, most in highest.items() if most == 3] == [
        "petechiae", "ecchymoses", "haematoma", "minor_wound", "vesicles", "subconjunctival", "ocular",
    ]  # fmt: skip
    assert [item.code for item in ITEMS if 1 not in item.grades] == ["intracranial", "other_internal"]
    assert BY_CODE["intracranial"].grades == (0, 2, 3, 4, 5)
    assert BY_CODE["other_internal"].grades == (0, 3, 4, 5)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_each_item_has_its_grades_and_no_other(item: Item) -> None:
    assert len(item.grades) == len(item.texts) == len(set(item.grades))
    assert item.grades[0] == 0
    assert item.grades[-1] == 5
    assert all(item.text(each) for each in item.grades)
    for each in {-1, 0, 1, 2, 3, 4, 5, 6} - set(item.grades):
        with pytest.raises(ValueError, match="has no grade"):
            Observation(item.code, each, "seen")


def test_an_unknown_item_is_refused() -> None:
    with pytest.raises(ValueError, match="has no item 'knee'"):
        Observation("knee", 1)


def test_an_item_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="is given twice"):
        grade([Observation("gum", 1), Observation("gum", 2, "seen")])


@pytest.mark.parametrize(
    ("code", "entered", "evidence", "expected"),
    [
        ("epistaxis", 1, "report", 1),
        ("epistaxis", 2, "report", 1),
        ("epistaxis", 2, None, 1),
        ("epistaxis", 2, "record", 2),
        ("epistaxis", 2, "seen", 2),
        ("petechiae", 1, "record", 1),
        ("petechiae", 2, "record", 1),
        ("petechiae", 2, "seen", 2),
        ("joint", 2, "record", 2),
        ("joint", 2, "report", 1),
        ("intracranial", 2, "report", None),
        ("intracranial", 2, "record", 2),
        ("intracranial", 5, "report", 5),
        ("petechiae", 0, None, 0),
        ("petechiae", None, None, None),
    ],
)
def test_the_evidence_rule(code: str, entered: int | None, evidence: Evidence | None, expected: int | None) -> None:
    found = capped(Observation(code, entered, evidence))
    assert found.grade == expected
    assert bool(found.reasons) is (entered != expected)


def test_a_reported_haemorrhage_never_reads_as_no_bleeding() -> None:
    found = grade(interval(Observation("intracranial", 4, "report")))
    assert (found.text, found.organ) == ("S0M0Ox", None)


@pytest.mark.parametrize(
    ("observed", "missing", "expected"),
    [
        ([], ("petechiae",), "SxM0O0"),
        ([Observation("ecchymoses", 1, "seen")], ("petechiae",), "S1M0O0"),
        ([], ("gum", "lung"), "S0MxOx"),
        ([], tuple(BY_CODE), "SxMxOx"),
    ],
)
def test_a_gap_makes_a_domain_not_evaluable_unless_it_bleeds(
    observed: list[Observation], missing: tuple[str, ...], expected: str
) -> None:
    assert grade(interval(*observed, missing=missing)).text == expected
    explicit = [Observation(code, None) for code in missing]
    assert grade(interval(*observed, *explicit)).text == expected


def test_the_gap_is_named() -> None:
    assert "Gum bleeding" in grade(interval(missing=("gum",))).reasons[1].text


OBSERVATIONS = st.sampled_from(ITEMS).flatmap(
    lambda item: st.builds(Observation, st.just(item.code), st.sampled_from((None, *item.grades)), st.sampled_from(EVIDENCE))
)


@given(observations=st.lists(OBSERVATIONS, unique_by=lambda each: each.item), data=st.data())
def test_order_is_irrelevant_and_a_cap_only_lowers(observations: list[Observation], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(observations))
    assert grade(shuffled) == grade(observations)
    found = grade(observations)
    for domain, got in zip("SMO", (found.skin, found.mucosa, found.organ), strict=True):
        entered = [each.grade or 0 for each in observations if BY_CODE[each.item].domain == domain]
        assert got is None or got <= max(entered, default=0)
    assert all(observation.grade != 5 or capped(observation).grade == 5 for observation in observations)
