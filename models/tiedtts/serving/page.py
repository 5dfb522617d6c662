"""The page of a server: one HTML file that fetches nothing from elsewhere, under a strict policy."""

import base64
import hashlib
import re
from pathlib import Path

from starlette.responses import Response

FILE = Path(__file__).with_name("page.html")
"""The page, with its styles and its script in it."""


def answer() -> Response:
    """Return the page with the policy that lets its own script and styles run, and nothing else."""
    html = FILE.read_text("utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_digest(html, 'script')}",
            f"style-src {_digest(html, 'style')}",
            "connect-src 'self'",
            "media-src blob:",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return Response(html, headers=headers, media_type="text/html")


def _digest(html: str, element: str) -> str:
    """Return the digest of what stands in an element, as policies name it."""
    (inside,) = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
    digest = hashlib.sha256(inside.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
