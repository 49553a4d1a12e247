"""Trust policies: which logs and how many witnesses make a checkpoint believable (C2SP tlog-policy)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import CosignatureVerifier, cosigned_at
from witness.log.note import Note, NoteError, NoteVerifier, Verifier, Vkey, verified_signatures

NO_QUORUM = "none"
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class PolicyError(NoteError):
    """A policy that is malformed, or a checkpoint that does not satisfy it."""

    code = "policy.malformed"


@dataclass(frozen=True)
class KnownKey:
    """A log's or a witness's key, with the URL at which it can be reached, if the policy says one."""

    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True)
class Group:
    """Satisfied when `threshold` of the members, witnesses or groups, are."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint that satisfied a policy: the log's key, and the times of the witnesses' cosignatures by name."""

    checkpoint: Checkpoint
    log: Vkey
    times: dict[str, int]


@dataclass(frozen=True)
class Policy:
    """The known logs, witnesses and groups of them, and the name that must be satisfied."""

    logs: tuple[KnownKey, ...]
    witnesses: dict[str, KnownKey]
    groups: dict[str, Group]
    quorum: str

    @classmethod
    def of(cls, logs: Sequence[Vkey], witnesses: Sequence[Vkey], threshold: int) -> Policy:
        """Return the policy that wants `threshold` of the witnesses; each is named after its key."""
        keys = {vkey.name: KnownKey(vkey) for vkey in witnesses}
        groups = {"cities": Group(threshold, tuple(keys))} if threshold else {}
        policy = cls(tuple(map(KnownKey, logs)), keys, groups, "cities" if threshold else NO_QUORUM)
        return cls.parse(policy.format())

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Return the policy in `data`; refuse what tlog-policy does not allow, naming the line."""
        if _FORBIDDEN.search(data) or (data and not data.endswith(b"\n")):
            raise PolicyError("a policy is lines that end in a newline, without other control characters")
        reader = _Reader()
        for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
            words = re.split(r"[ \t]+", line.strip(" \t"))
            if words != [""] and not words[0].startswith("#"):
                reader.read(words, number)
        if reader.quorum is None:
            raise PolicyError("a policy has exactly one quorum line")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def format(self) -> bytes:
        """Return the policy as text, in the canonical order logs, witnesses, groups, quorum."""
        lines = [_join("log", key.vkey, key.url) for key in self.logs]
        lines += [_join("witness", name, key.vkey, key.url) for name, key in self.witnesses.items()]
        lines += [_join("group", name, group.threshold, *group.members) for name, group in self.groups.items()]
        return ("\n".join([*lines, _join("quorum", self.quorum)]) + "\n").encode("utf-8", "surrogateescape")

    def is_satisfied(self, cosigned: set[str]) -> bool:
        """Say whether these witnesses, by name, make the quorum."""
        return self.quorum == NO_QUORUM or self._satisfied(self.quorum, cosigned)

    def check(self, note: Note) -> Cosigned:
        """Return the checkpoint in `note` if one of the logs signed it and enough witnesses cosigned it.

        A signature line of a known key that does not verify refuses the whole note.
        """
        logs: list[Verifier] = [NoteVerifier(key.vkey) for key in self.logs]
        names = {key.vkey: name for name, key in self.witnesses.items()}
        found = verified_signatures(note, [*logs, *map(CosignatureVerifier, names)])
        checkpoint = Checkpoint.parse(note.text)
        signers = [vkey for vkey, _ in found if vkey not in names and vkey.name == checkpoint.origin]
        if not signers:
            raise PolicyError(f"no known log signed a checkpoint of {checkpoint.origin}", code="policy.log_unsigned")
        times = {names[vkey]: cosigned_at(line.blob) for vkey, line in found if vkey in names}
        if not self.is_satisfied(set(times)):
            raise PolicyError(
                f"checkpoint of {checkpoint.origin} lacks cosignatures for {self.quorum}",
                code="policy.quorum_missing",
                cosigned_by=sorted(times),
            )
        return Cosigned(checkpoint, signers[0], times)

    def _satisfied(self, name: str, cosigned: set[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigned
        return sum(self._satisfied(member, cosigned) for member in group.members) >= group.threshold


def _join(*words: object) -> str:
    return " ".join(str(word) for word in words if word is not None)


@dataclass
class _Reader:
    """The definitions read so far; every line may refer only to these."""

    logs: list[KnownKey] = field(default_factory=list)
    witnesses: dict[str, KnownKey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None
    grouped: set[str] = field(default_factory=set)

    def read(self, words: list[str], number: int) -> None:
        try:
            match words:
                case ["log", vkey, *url] if len(url) <= 1:
                    self._log(KnownKey(NoteVerifier(Vkey.parse(vkey)).vkey, *url))
                case ["witness", name, vkey, *url] if len(url) <= 1:
                    self._witness(name, KnownKey(CosignatureVerifier(Vkey.parse(vkey)).vkey, *url))
                case ["group", name, threshold, first, *others]:
                    self._group(name, threshold, (first, *others))
                case ["quorum", name]:
                    self._quorum(name)
                case _:
                    raise PolicyError("not a log, witness, group or quorum line")
        except NoteError as error:
            raise PolicyError(f"line {number} of the policy: {error.message}", line=number) from error

    def _log(self, key: KnownKey) -> None:
        if key.vkey.public_key in {known.vkey.public_key for known in self.logs}:
            raise PolicyError("this log's key is there already")
        self.logs.append(key)

    def _witness(self, name: str, key: KnownKey) -> None:
        self._new_name(name)
        if key.vkey.public_key in {known.vkey.public_key for known in self.witnesses.values()}:
            raise PolicyError("this witness's key is there already")
        self.witnesses[name] = key

    def _group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        self._new_name(name)
        for member in members:
            self._need_defined(member)
            if member in self.grouped:
                raise PolicyError(f"{member} is a member of a group already")
            self.grouped.add(member)
        count = {"all": len(members), "any": 1}.get(threshold)
        if count is None:
            count = int(threshold) if _NUMBER.fullmatch(threshold) else 0
        if not 1 <= count <= len(members):
            raise PolicyError(f"threshold {threshold} is not from 1 to {len(members)}")
        self.groups[name] = Group(count, members)

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise PolicyError("a second quorum line")
        if name != NO_QUORUM:
            self._need_defined(name)
        self.quorum = name

    def _new_name(self, name: str) -> None:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise PolicyError(f"the name {name} is taken")

    def _need_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyError(f"{name} is not defined on a line before")
