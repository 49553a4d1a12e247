"""Which documents belong into a bundle: those that an act or an event names, and those that such a document names.

Most are named by their SHA-256; a seat snapshot and a panel's report by the root over what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

import orjson

from bidding.evaluation.report import parse_report
from bidding.panel.domain import parse_snapshot
from ledger import canonical
from ledger.canonical import JsonValue
from ledger.errors import SunbidError
from ledger.signed import Signed
from witness.audit.container import MAX_SIZE
from witness.audit.parts import LoggedEntry

_HASH = re.compile(rb'(?<!\\)"(?:0x)?([0-9a-f]{64})"(?!:)')
"""A whole text of canonical JSON that is a hash: a quotation mark inside of a text is behind a backslash."""


def named_documents(
    acts: Iterable[Signed], entries: Iterable[LoggedEntry], documents: Mapping[bytes, bytes]
) -> dict[bytes, bytes]:
    """Return those of the documents, by SHA-256, that the acts or disclosed events name, or a document so named."""
    by_name = {name: sha256 for sha256, content in documents.items() for name in (sha256, *_root(content))}
    values: list[JsonValue] = [signed.act.to_json() for signed in acts]
    values += [entry.disclosed.body.to_json() for entry in entries if entry.disclosed is not None]
    named: dict[bytes, bytes] = {}
    while values:
        for sha256 in {by_name[name] for name in _hashes(values.pop()) if name in by_name} - named.keys():
            named[sha256] = documents[sha256]
            values.append(_value(documents[sha256]))
    return {sha256: content for sha256, content in documents.items() if sha256 in named}


def _hashes(value: JsonValue) -> Iterator[bytes]:
    """Yield what the texts in a value name, found in its JSON, which is quicker than a walk through the value."""
    for found in _HASH.finditer(orjson.dumps(value)):
        yield bytes.fromhex(found[1].decode())


def _value(content: bytes) -> JsonValue:
    """Return a document's value; one that is no canonical JSON names nothing."""
    with suppress(SunbidError):
        return canonical.loads(content, max_size=MAX_SIZE)
    return None


def _root(content: bytes) -> Iterator[bytes]:
    """Yield the root by which a snapshot or report is named."""
    with suppress(SunbidError):
        yield parse_snapshot(content).root
    with suppress(SunbidError):
        yield parse_report(content).root
