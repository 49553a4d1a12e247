"""The form of every refusal: an RFC 9457 problem document; and how an endpoint says which refusals are its own."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

REFUSALS = "x-refusals"
"""The member of an operation in which an endpoint names its codes; `api.description` makes answers of them."""

OF_AN_ACT = ("act.malformed", "act.type_unknown", "authority.malformed", "json.malformed", "signature.invalid")
"""What reading a signed act with its papers refuses."""

OF_DOCUMENTS = ("document.malformed",)
"""What reading documents in base64 refuses."""

OF_CANONICAL_JSON = (
    "canonical.not_canonical", "canonical.not_json", "canonical.not_object", "canonical.refused", "canonical.too_deep",
    "canonical.too_large",
)  # fmt: skip
"""What reading octets that have to be canonical JSON refuses."""


class Problem(BaseModel):
    """Why a request was refused; `code` is stable and dotted, further members are facts that belong to it."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    code: str


def refuses(*codes: str) -> dict[str, Any]:
    """Return what an endpoint gives as `openapi_extra` to have its own codes described, beside those of all."""
    return {REFUSALS: list(codes)}


def takes(media_type: str, what: str, *codes: str) -> dict[str, Any]:
    """Return `openapi_extra` of an endpoint that reads its body as it comes: `what` describes it."""
    schema = {"type": "string", "format": "binary"}
    body = {"required": True, "description": what, "content": {media_type: {"schema": schema}}}
    return {"requestBody": body, **refuses(*codes)}
