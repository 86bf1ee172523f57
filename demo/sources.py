"""What stands beside questions in the demonstration: a comment, and photos of the slips that a counter would have printed."""

from __future__ import annotations

from io import BytesIO

from django.utils import timezone
from PIL import Image, ImageDraw

from assessments.crfs.blood_count import BloodCount
from casebook.comments import add_comment
from casebook.models import Participant
from demo.builder import record
from identity.photos import keep_photo
from itp_trial.models import User

#: Child -> the visit whose slip was photographed, and what the coordinator wrote beside the count.
SLIPS = {"complete": ("D3", ""), "clotted": ("D3", "The laboratory found a clot; the family lives two hours away and had left.")}
SLIP_PX = (760, 620)


def keep_slip(key: str, child: Participant, by: User) -> None:
    """The slip of this child's count beside its platelets, where the demonstration has one."""
    if key not in SLIPS:
        return
    code, comment = SLIPS[key]
    found = record(child, "blood-count", code)
    if comment:
        add_comment(record=found, item="platelets", text=comment, by=by)
    keep_photo(record=found, item="platelets", caption="Slip of the counter", raw=slip(found.crf()), name_covered=True, by=by)


def slip(count: BloodCount) -> bytes:
    """A picture of what the counter printed, without a name."""
    taken = timezone.localtime(count.taken_at)
    wbc, hgb, plt = (count.items()[name].typed(getattr(count, name)) for name in ("leukocytes", "haemoglobin", "platelets"))
    lines = ["COMPLETE BLOOD COUNT", f"{taken:%d/%m/%Y %H:%M}", f"WBC   {wbc}  10^3/uL", f"HGB   {hgb}  g/dL",
             f"PLT   {plt}  10^3/uL", "name covered (demonstration)"]  # fmt: skip
    paper, out = Image.new("L", SLIP_PX, 245), BytesIO()
    pen = ImageDraw.Draw(paper)
    for number, line in enumerate(lines):
        pen.text((50, 50 + 90 * number), line, fill=40, font_size=44)
    paper.save(out, "PNG")
    return out.getvalue()
