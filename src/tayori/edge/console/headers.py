"""Headers of every answer of the console: what a browser may load, run, frame and keep.

Scripts and styles come from this server's own files alone, so what a stranger wrote into a name or
a reply cannot run even if it were shown unescaped. A page that shows foreign HTML in a frame sends
a stricter policy of its own; a header that a page has set stays as it is.
"""

from typing import Any, Final

from starlette.datastructures import MutableHeaders

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
FRAMED_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""For HTML of strangers, such as a template's preview, in a frame of one of our pages."""
FRAMED: Final = {"Content-Security-Policy": FRAMED_POLICY, "X-Frame-Options": "SAMEORIGIN"}
_ALWAYS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer, under which browsers send no Origin with forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_TRANSPORT: Final = "max-age=31536000"


class Headers:
    """Adds the headers to what an application answers; `secure` where the public URL is https."""

    def __init__(self, application: Any, *, secure: bool) -> None:
        self._application = application
        self._headers = dict(_ALWAYS)
        if secure:
            self._headers["Strict-Transport-Security"] = _TRANSPORT

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on and the answer back."""

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._application(scope, receive, with_headers)
