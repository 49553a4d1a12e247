"""The description of the HTTP interface as a page: who may call what, with what; nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.authorisation import rule_described


@dataclass(frozen=True)
class Parameter:
    """A parameter of an address, or a member of a request's body."""

    name: str
    where: str
    type: str
    required: bool


@dataclass(frozen=True)
class Address:
    """One method of one path: what it does, who may call it, what it takes."""

    method: str
    path: str
    says: str
    who: str
    parameters: tuple[Parameter, ...]


def reference(openapi: Mapping[str, Any]) -> dict[str, list[Address]]:
    """Return every described address by its subject, both in the order of the description."""
    found: dict[str, list[Address]] = {}
    for path, methods in openapi["paths"].items():
        for method, described in methods.items():
            address = _address(method.upper(), path, described, openapi)
            found.setdefault(described.get("tags", ["other"])[0], []).append(address)
    return found


def _address(method: str, path: str, described: Mapping[str, Any], openapi: Mapping[str, Any]) -> Address:
    given = [
        Parameter(one["name"], one["in"], _type(one["schema"], openapi), one.get("required", False))
        for one in described.get("parameters", ())
    ]
    says = described.get("description", "").split("\n")[0]
    return Address(method, path, says, rule_described(method, path).describe(), (*given, *_members(described, openapi)))


def _members(described: Mapping[str, Any], openapi: Mapping[str, Any]) -> list[Parameter]:
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(content.get("schema", {}), openapi)
    needed = schema.get("required", ())
    return [
        Parameter(name, "body", _type(member, openapi), name in needed)
        for name, member in schema.get("properties", {}).items()
    ]


def _resolved(schema: Mapping[str, Any], openapi: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: Mapping[str, Any] = openapi["components"]["schemas"][name] if name else schema
    return resolved


def _type(schema: Mapping[str, Any], openapi: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(_type(one, openapi) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {}), openapi)}[]"
    return str(schema.get("pattern", schema.get("type", "any")))
