"""One root for every error that Sunbid raises on purpose."""

from __future__ import annotations


class SunbidError(Exception):
    """Carry a stable `code`, the `facts` a reader needs, and a message that says what to do next.

    Codes are dotted lower-case words (`slip.too_long`) and never change once published: clients and
    the RFC 9457 problem documents match on them. Facts are JSON values and hold no secrets.
    """

    code: str = "sunbid.error"

    def __init__(self, message: str, *, code: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.facts: dict[str, object] = facts
