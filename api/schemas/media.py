"""Answers that are no documents of a model, each with its media type: the description says what they are."""

from __future__ import annotations

from fastapi.responses import Response


class Octets(Response):
    """Bytes as they are stored."""

    media_type = "application/octet-stream"


class Text(Response):
    """Lines of text: notes, checkpoints, proofs."""

    media_type = "text/plain; charset=utf-8"


class Archive(Response):
    """A bundle."""

    media_type = "application/zip"


class Events(Response):
    """News as they come (server-sent events)."""

    media_type = "text/event-stream"
