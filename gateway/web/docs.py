"""The OpenAPI document and a page to read it, both made once at start.

The page is complete in itself: no script, no other host. Not here: what the document says
(gateway.web.openapi).
"""

import base64
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader

from gateway.web.asked import Asked
from gateway.web.openapi import document, document_bytes
from gateway.web.reply import Reply

PAGES: Final = Path(__file__).parent / "pages"


class DocsRoom:
    """`docs.*` of the route table."""

    def __init__(self) -> None:
        self._document = document_bytes()
        self._page, self._policy = rendered_page()

    async def openapi(self, _asked: Asked) -> Reply:
        """Give the document."""
        return Reply(200, self._document)

    async def page(self, _asked: Asked) -> Reply:
        """Give the page."""
        return Reply(200, self._page, b"text/html; charset=utf-8", policy=self._policy)


def rendered_page() -> tuple[bytes, bytes]:
    """Return the page and its header lines, which allow its one style sheet and nothing else."""
    style = (PAGES / "docs.css").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(PAGES), autoescape=True)
    page = environment.get_template("docs.html.j2").render(document=document(), style=style)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none';"
        " base-uri 'none'; form-action 'none'"
    )
    lines = (
        "Cache-Control: no-cache\r\n"
        f"Content-Security-Policy: {policy}\r\n"
        "Cross-Origin-Resource-Policy: same-origin\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "X-Frame-Options: DENY\r\n"
    )
    return page.encode(), lines.encode()
