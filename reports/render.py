"""A program of its own: HTML on stdin, PDF/UA on stdout, inside limits of time and memory, without any outside request.

``reports.pdf`` runs it as a child process, so that a document that is too large ends the child and nothing else. It knows
neither Django nor the database, and is handed no secret.
"""

from __future__ import annotations

import hashlib
import resource
import sys
from pathlib import Path
from typing import Any

CPU_SECONDS = 50
MEMORY_BYTES = 2 * 1024**3
STATIC = Path(__file__).resolve().parent.parent / "static"
#: The only addresses that a document may name, and the files behind them.
PACKAGED = {
    f"packaged:{name}.css": (STATIC / "css" / f"{name}.css", "text/css; charset=utf-8") for name in ("print", "cioms", "family")
}
NOT_INSTALLED = 3


def main() -> int:
    """Exit code 0 with the PDF on stdout; ``NOT_INSTALLED`` where the system library Pango is missing."""
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    try:
        import weasyprint  # noqa: F401  (asks whether it can be loaded)
    except OSError as missing:
        sys.stderr.write(f"{missing}\n")
        return NOT_INSTALLED
    sys.stdout.buffer.write(pdf_of(sys.stdin.buffer.read().decode()))
    return 0


def pdf_of(html: str) -> bytes:
    """The same HTML always gives the same bytes."""
    from weasyprint import HTML

    document = HTML(string=html, base_url="packaged:", url_fetcher=packaged_only(), media_type="print")
    identifier = hashlib.sha256(html.encode()).hexdigest().encode()
    return document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier)


def packaged_only() -> Any:
    """What WeasyPrint asks for every address in a document: it refuses all but the packaged files."""
    # Imported here, because WeasyPrint does not load where the system library Pango is missing.
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class PackagedOnly(URLFetcher):
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url not in PACKAGED:
                raise ValueError(f"refused: {url[:80]}")
            path, content_type = PACKAGED[url]
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": content_type})

    return PackagedOnly()


def _limit(kind: int, most: int) -> None:
    """Lowers a limit; never raises one that the machine has set lower."""
    allowed = resource.getrlimit(kind)[1]
    value = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
    resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    sys.exit(main())
