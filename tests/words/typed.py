"""Stories about typed text, numbers, dates and names, and about browsers."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from accounts.device import in_words
from identity import comparable
from itp_trial import normalise
from tests.words.shown import Stories, refused

CAIRO = ZoneInfo("Africa/Cairo")
STORIES: Stories = {
    "text: read or refused": lambda: refused(
        normalise.text,
        (
            "  é \r\n b ",
            "e\u0301",
            "a\x00b",
            "a\u202eb",
            "a\ud800b",
            "a\tb",
            "2990101 01 12345",
            "29901010112345",
            "٢٩٩٠١٠١٠١١٢٣٤٥",
            "2990101-0112345",
            "299010101123456",
            "a29901010112345",
        ),
    ),
    "text: how long": lambda: [len(normalise.text("x" * 10_000)), *refused(normalise.text, ("x" * 10_001,)).values()],
    "text: digits": lambda: [
        normalise.digits("٠١٢٣٤٥٦٧٨٩"),
        normalise.digits("۰۱۲۳۴۵۶۷۸۹"),
        normalise.digits("١٫٥"),
        normalise.digits("١٬٠٠٠"),
    ],
    "number: read or refused": lambda: refused(
        normalise.number,
        (
            "12.5",
            "-0",
            "007",
            "1e3",
            "1_000",
            "12,5",
            "-1,25",
            "1,2,3",
            "",
            "x" * 41,
            "x" * 40,
            "1234567890123",
            "123456789012.123456",
            "1.1234567",
            "١٬٠٠٠",
            "١٬٠٠",
            "١٢٣٤٬٠٠٠",
            "١٬٠٠٠٫٥",
            "١٬٥",
        ),
    ),
    "day: read or refused": lambda: refused(
        normalise.day,
        (
            "05/03/2026",
            "5.3.2026",
            "2026-03-05",
            "5 Mar 2026",
            "5 march 2026",
            "Mar 5 2026",
            "2026 Mar 5",
            "2026 Mar",
            "03/2026",
            "2026",
            "UN/03/2026",
            "5/UN/2026",
            "1 2 3 2026",
            "31/02/2026",
            "05/13/2026",
            "05/03/1989",
            "05/03/1990",
            "05/03/2100",
            "05/03/2101",
            "5/3/26",
            "",
            "a b c d",
            "x" * 41,
        ),
    ),
    "day: as far as it is known": lambda: refused(
        normalise.partial_day,
        (
            "2026",
            "03/2026",
            "UN/03/2026",
            "un/unk/2026",
            "Mar 2026",
            "2026 Mar",
            "01/2026",
            "2026-03",
            "05/03/2026",
            "5/UN/2026",
            "2026-13",
            "2026-00",
            "1989",
            "1990",
            "2100",
            "2101",
            "31/02/2026",
            "",
            "soon",
            "x" * 41,
        ),
    ),
    "moment: read or refused": lambda: refused(
        normalise.moment,
        (
            "05/03/2026 14:30",
            "2026-03-05T14:30",
            "5 Mar 2026, 4.05",
            "05/03/2026 23:59:59",
            "05/03/2026 24:00",
            "05/03/2026 23:60",
            "05/03/2026",
            "14:30",
            "05/03/2026 14:30 +02:00",
            "05/03/2026 14:30 +0200",
            "05/03/2026 14:30 +03:00",
            "24/04/2026 00:30",
            "29/10/2026 23:30",
            "29/10/2026 23:30 +03:00",
            "29/10/2026 23:30 +0200",
            "29/10/2026 23:30 +04:00",
            "31/02/2026 10:00",
            "x" * 41,
        ),
    ),
    "moment: typed again": lambda: [
        normalise.typed_moment(datetime(2026, 3, 5, 14, 30, tzinfo=CAIRO)),
        normalise.typed_moment(datetime(2026, 10, 29, 23, 30, tzinfo=CAIRO)),
        normalise.typed_moment(datetime(2026, 10, 29, 23, 30, fold=1, tzinfo=CAIRO)),
        normalise.typed_moment(datetime(2026, 3, 5, 14, 30, tzinfo=ZoneInfo("UTC"))),
    ],
    "national ID": lambda: {
        typed: normalise.holds_national_id(typed)
        for typed in (
            "29901010112345",
            "2 990101 01 12345",
            "39901018812345",
            "19901010112345",
            "29913010112345",
            "29901320112345",
            "29901013612345",
            "2990101011234",
            "299010101123456",
            "x-29901010112345",
            "29901010112345.",
            "299.0101/01 12345",
            "no number",
        )
    },
    "names: words": lambda: {
        name: " ".join(comparable.words(name))
        for name in (
            "Mohamed Abd El-Rahman",
            "Muhammad Abdelrahman",
            "محمد عبد الرحمن",
            "مُحَمَّد عبدالرحمن",
            "أحمد إبراهيم",
            "فاطمة الزهراء",
            "نور الدين",
            "نورالدين",
            "Nour El Din",
            "Abu Bakr",
            "ام كلثوم",
            "هبة الله",
            "Heba Allah",
            "Yousef",
            "Joseph",
            "Philip",
            "يحيى",
            "Ali",
            "Aly",
            "o'neil 3",
            "Elsayed",
            "El Sayed",
            "الا",
            "",
        )
    },
    "names: keys": lambda: {
        f"{child}, {mother}": [key.replace("\x1f", "|") for key in comparable.keys(child, mother, born)]
        for child, mother, born in (
            ("Omar Hassan Ali", "Mona Said", date(2020, 3, 5)),
            ("Omar Hassan", "Mona", date(2020, 5, 3)),
            ("Omar", "Mona", date(2020, 12, 31)),
            ("Omar Hassan Ali", "", date(2020, 3, 5)),
            ("Omar", "", date(2020, 3, 5)),
            ("", "Mona", date(2020, 3, 5)),
            ("Omar Hassan Ali Zaki", "Mona", date(2020, 11, 2)),
        )
    },
    "device": lambda: {
        agent: in_words(agent)
        for agent in (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0",
            "Mozilla/5.0 (iPhone) Version/17.4 Mobile Safari/604.1",
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Firefox/133.0",
            "curl/8.1",
            "Chrome/12345",
            "",
        )
    },
}
