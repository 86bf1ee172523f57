"""Two people, or two moments of one person, in one form: what each of them changed, and where they disagree. Pure.

An answer is the text of one question (``~ND`` where a reason stands in place of a value) or, for repeating lines, the list
of lines, each a dictionary with the key of its stored line as ``id``. Answers are compared as they are typed, so a page can
work without knowing what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Line = dict[str, str]
Answer = str | list[Line]

MISSING_MARK = "~"
MOST_ROWS = 100


@dataclass(frozen=True)
class Merged:
    """The answers with both sides' changes, and the questions that both sides answered differently.

    Where they disagree ``answers`` holds what this side typed; the other side's answer is the stored one.
    """

    answers: dict[str, Answer]
    collisions: list[str]


def merge(base: Mapping[str, Answer], typed: Mapping[str, Answer], stored: Mapping[str, Answer]) -> Merged:
    """Puts what was typed into what is stored now.

    :param base: the answers that the typist saw before changing them; a question that is not there was seen by nobody
    :param typed: what stands in the inputs; a question that is not there was not touched
    """
    answers, collisions = dict(stored), []
    for name, mine in typed.items():
        seen, now = base.get(name), stored.get(name, "")
        if mine in (seen, now):
            continue
        answers[name] = mine
        if now != seen:
            collisions.append(name)
    return Merged(answers, collisions)


def answers_in(posted: Mapping[str, str], names: Iterable[str], groups: Mapping[str, Iterable[str]]) -> dict[str, Answer]:
    """The answers that a posted form holds, by question; ``groups`` are the repeating lines with their questions."""
    found: dict[str, Answer] = {name: said(posted, name) for name in names if name in posted or f"{name}__missing" in posted}
    return found | {slug: _lines(posted, slug, list(names)) for slug, names in groups.items() if f"{slug}-count" in posted}


def said(posted: Mapping[str, str], name: str) -> str:
    """The typed answer, or ``~`` and the reason why there is none."""
    text = str(posted.get(name) or "").replace("\r\n", "\n").strip()
    reason = str(posted.get(f"{name}__missing") or "")
    return text or (MISSING_MARK + reason if reason else "")


def _lines(posted: Mapping[str, str], slug: str, names: list[str]) -> list[Line]:
    count = str(posted[f"{slug}-count"])
    found = []
    for number in range(min(int(count), MOST_ROWS) if count.isascii() and count.isdigit() and len(count) < 9 else 0):
        line = {"id": str(posted.get(f"{slug}-{number}-id", ""))}
        found.append(line | {name: said(posted, f"{slug}-{number}-{name}") for name in names})
    return [line for line in found if any(line.values())]


def as_posted(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Answers as a browser would post them: the opposite of ``answers_in``."""
    posted: dict[str, str] = {}
    for name, answer in answers.items():
        if isinstance(answer, str):
            posted[name] = answer
            continue
        posted[f"{name}-count"] = str(len(answer))
        posted |= {f"{name}-{number}-{key}": text for number, line in enumerate(answer) for key, text in line.items()}
    return posted
