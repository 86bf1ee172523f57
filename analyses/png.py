"""A drawing as pixels, with the letters of a font that lies beside it, so that every machine draws the same picture."""

from __future__ import annotations

from pathlib import Path

FONTS = Path(__file__).resolve().parent.parent / "static" / "vendor" / "dejavu-2.37"
FAMILY = "DejaVu Sans"
ZOOM = 2.0


def png_of(svg: str) -> bytes:
    """The PNG of an SVG text, twice as large as on the page so that it can be printed."""
    import resvg_py

    fonts = [str(path) for path in sorted(FONTS.glob("*.ttf"))]
    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM, skip_system_fonts=True, font_files=fonts, font_family=FAMILY,
                              sans_serif_family=FAMILY)
    )  # fmt: skip
