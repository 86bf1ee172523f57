"""Names of families, made comparable: the same child is the same child however a clerk spelled it. Pure.

Arabic letters that people exchange become one (the forms of alef, taa marbuta and haa, alef maqsura and yaa, the carriers of
hamza), signs of vocalisation and tatweel go, the article goes, and compounds such as ``عبد الرحمن`` are one word. Latin
spellings are reduced to their consonants (Mohamed, Muhammad). Arabic and Latin spellings are not compared with each other.

Several keys per child, each of which is enough: one wrong birth date, one other spelling of the father's name or a missing
mother's name leaves another key that still fits. Twins differ by their given names.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

#: After canonical decomposition the forms of alef, waw and yaa with hamza or madda are the bare letters.
_SAME = str.maketrans({"ى": "ي", "ی": "ي", "ې": "ي", "ئ": "ي", "ة": "ه", "ہ": "ه", "ھ": "ه", "ک": "ك", "گ": "ك", "ٱ": "ا",
                       "ؤ": "و", "ء": None, "ـ": None, "'": None, "’": None, "`": None, "j": "g", "q": "k"})  # fmt: skip
#: Words that begin a compound, and the one that ends it.
_BEGIN = {"عبد", "ابو", "ام", "ابن", "بن", "abd", "abo", "abu", "om", "um", "umm", "ibn", "bin"}
_END = {"الله", "allah"}
_ARTICLE = {"ال", "al", "el", "ul"}


def words(name: str) -> list[str]:
    """The parts of a name in the order in which they stand: given name, father's, grandfather's and so on."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name).casefold())
    bare = "".join(c for c in folded if unicodedata.category(c) != "Mn").translate(_SAME)
    found: list[str] = []
    open_compound = False
    for word in re.findall(r"[^\W\d_]+", bare):
        if word in _ARTICLE:
            continue
        part = _without_article(word)
        if found and (open_compound or word in _END or (part != word and part == "دين")):
            found[-1] += part
        else:
            found.append(part)
        open_compound = found[-1] in _BEGIN
    return [_skeleton(part) for part in found]


def _without_article(word: str) -> str:
    """Also in the middle of a compound that was written as one word."""
    word = re.sub(r"^abd[aeu]l(?=\w{3})", "abd", re.sub(r"^عبدال(?=\w{3})", "عبد", word))
    word = re.sub(r"(?<=\w\w)الدين$", "دين", word)
    return re.sub(r"^[ae]l(?=[^aeiou\W]\w{3})", "", re.sub(r"^ال(?=\w{3})", "", word))


def _skeleton(part: str) -> str:
    """Of a Latin word its consonants, each once, and whether it begins with a vowel; an Arabic word as it is."""
    if not re.fullmatch("[a-z]+", part):
        return part
    first = "a" if part[0] in "aeiou" else ""
    return first + re.sub(r"(.)\1+", r"\1", re.sub("[aeiouy]", "", part.replace("ph", "f")))


def keys(child: str, mother: str, born: date) -> list[str]:
    """What this child has in common with itself at another hospital. A birth date counts with day and month in either order."""
    given, father, grandfather = (*words(child), "", "", "")[:3]
    of_mother = (*words(mother), "")[0]
    birth = f"{born.year}-{min(born.day, born.month):02d}-{max(born.day, born.month):02d}"
    found: list[tuple[str, ...]] = [("birth", given, father, birth)] if father else []
    found += [("mother", given, of_mother, birth)] if of_mother else []
    found += [("names", given, father, grandfather, of_mother)] if of_mother and grandfather else []
    return ["\x1f".join(parts) for parts in found]
