"""The families of the demonstration: invented, with phone numbers that nobody has."""

from __future__ import annotations

from datetime import date

from demo.children import CHILDREN, Child
from identity.details import Details

_GIRLS = ("مريم", "سلمى", "جنى", "ملك", "فاطمة", "نور", "حبيبة", "ليلى", "هنا", "آية")
_BOYS = ("أحمد", "يوسف", "عمر", "آدم", "محمود", "ياسين", "حمزة", "علي", "زياد", "كريم")
_FATHERS = ("محمد عبد الرحمن", "حسن إبراهيم", "خالد السيد", "سامي فؤاد", "طارق نور الدين", "إيهاب منصور", "وليد جمال")
_MOTHERS = ("سامية أحمد", "هبة الله علي", "نجلاء حسين", "رانيا محمود", "إيمان صلاح", "دعاء فتحي", "أمل سعيد")
_TOWNS = ("Cairo, Shubra", "Giza, Imbaba", "Tanta", "Benha", "Mansoura", "Zagazig", "Fayoum")


def family_of(child: Child, born: date) -> Details:
    """Each child has a name of its own."""
    place = CHILDREN.index(child)
    given = (_GIRLS if child.sex == "F" else _BOYS)[place % 10]
    mother = _MOTHERS[(place * 3) % 7]
    return Details(
        child_name=f"{given} {_FATHERS[place % 7]}", mother_name=mother, birth_date=born.isoformat(),
        guardian=f"{mother.split()[0]}, mother", phone=f"+20 10 0000 {place:04d}", address=_TOWNS[(place * 2) % 7],
    )  # fmt: skip
