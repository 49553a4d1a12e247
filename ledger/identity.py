"""The ids of organisations, persons, tenders, logs and cities, and the two national codes behind them (acts.md, "Ids").

统一社会信用代码 (unified social credit code, GB 32100-2015) names a company; 统一交易标识码 (unified deal code of the
national data standard V2.0) names a deal. Ids are raw 32 bytes; the same company has the same id in every city.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from ledger.encoding import enc, u64
from ledger.errors import SunbidError

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_USCC = re.compile(rf"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}", re.ASCII)

_MOD_37_2_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_DEAL_CODE = re.compile(
    r"(?:(?P<category>[A-Z][0-9]{2})-)?(?P<platform>[0-9A-Z]{18})-(?P<day>[0-9]{8})-(?P<serial>[0-9]{6})-(?P<check>[0-9A-Z*])",
    re.ASCII,
)
_CATEGORY = re.compile(r"[A-Z][0-9]{2}", re.ASCII)


class IdentityError(SunbidError):
    """A code or a part of an id that is not well-formed."""

    code = "identity.malformed"


@dataclass(frozen=True)
class Uscc:
    """A well-formed unified social credit code (统一社会信用代码), whose check digit may still be wrong.

    Some codes issued in the early years fail the check: `warning` says so and the code is used all the same, after
    verification at its source (domain.md §9).
    """

    code: str

    def __post_init__(self) -> None:
        if not _USCC.fullmatch(self.code):
            raise IdentityError(
                "a unified social credit code has 18 characters, digits and capitals without I, O, S, V and Z, "
                "with a six-digit region from the third on",
                code="identity.uscc_malformed",
            )

    @property
    def check_digit(self) -> str:
        """The 18th character as GB 32100-2015 computes it."""
        total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(self.code[:17], _USCC_WEIGHTS, strict=True))
        return USCC_ALPHABET[-total % 31]

    @property
    def warning(self) -> str | None:
        """What to verify before relying on this code; None when the check digit is right."""
        if self.code[17] == self.check_digit:
            return None
        return f"check digit of {self.code} should be {self.check_digit}: verify the code at its source"

    @property
    def organisation_id(self) -> bytes:
        """The company's id, 32 bytes, the same in every city."""
        return hashlib.sha256(b"sunbid/org/v1" + self.code.encode("ascii")).digest()


def organisation_id(uscc: str) -> bytes:
    """Return the 32-byte id of the organisation with this code; refuse a malformed code, not a wrong check digit."""
    return Uscc(uscc).organisation_id


def registered_organisation_id(city: bytes, registered: str) -> bytes:
    """Return the 32-byte id of an organisation without a USCC (a foreign company), unique in the issuing city."""
    _need(city, 32, "city")
    return hashlib.sha256(enc(b"sunbid/org-registered/v1", city, _text(registered, "registered id"))).digest()


def person_commitment(salt: bytes, identity: str) -> bytes:
    """Return a 32-byte commitment to a natural person that says nothing once the 32-byte salt is erased."""
    _need(salt, 32, "salt")
    return hashlib.sha256(enc(b"sunbid/person/v1", salt, _text(identity, "identity"))).digest()


def tender_id(chain_id: int, tender_book: bytes, tenderer: bytes, nonce: bytes) -> bytes:
    """Return the 32-byte id that `TenderBook.announce` recomputes; contract 20 bytes, tenderer and nonce 32 each."""
    _need(tender_book, 20, "TenderBook")
    _need(tenderer, 32, "tenderer")
    _need(nonce, 32, "nonce")
    return hashlib.sha256(enc(b"tender", u64(chain_id), tender_book, tenderer, nonce)).digest()


def origin_id(origin_line: str) -> bytes:
    """Return the 32-byte id of a log: SHA-256 of its origin line, without a newline."""
    return hashlib.sha256(_text(origin_line, "origin line")).digest()


def city_id(name: str) -> bytes:
    """Return the 32-byte id of a city: SHA-256 of its registered name."""
    return hashlib.sha256(_text(name, "city name")).digest()


@dataclass(frozen=True)
class DealCode:
    """A unified deal code (统一交易标识码): platform, day, serial number, and a check that covers the category too.

    `category` is the class code, such as A01 for building works; `platform` the trading platform's USCC.
    """

    category: str
    platform: str
    day: date
    serial: int

    def __post_init__(self) -> None:
        Uscc(self.platform)
        if not _CATEGORY.fullmatch(self.category) or not 1 <= self.serial <= 999_999:
            raise IdentityError(
                "a deal code needs a category like A01 and a serial number from 1 to 999999",
                code="identity.deal_code_malformed",
            )

    @property
    def check(self) -> str:
        """The check character, ISO 7064 MOD 37-2 (GB/T 17710) over category, platform, day and serial."""
        return mod_37_2(f"{self.category}{self.platform}{self.day:%Y%m%d}{self.serial:06d}")

    def __str__(self) -> str:
        return f"{self.platform}-{self.day:%Y%m%d}-{self.serial:06d}-{self.check}"


def parse_deal_code(text: str, category: str | None = None) -> DealCode:
    """Return the deal code in `text`, printed with its category (A01-…) or without it, when `category` is needed.

    Refuses another form, a day that does not exist, a category other than the one given, a wrong check character.
    """
    found = _DEAL_CODE.fullmatch(text)
    if found is None:
        raise IdentityError("a deal code is USCC-yyyymmdd-NNNNNN-C", code="identity.deal_code_malformed")
    printed = found["category"]
    if printed and category and printed != category:
        raise IdentityError(f"deal code is of category {printed}, not {category}", code="identity.deal_code_category")
    known = printed or category
    if known is None:
        raise IdentityError("say the category: it is part of the check", code="identity.deal_code_category")
    code = DealCode(known, found["platform"], _day(found["day"]), int(found["serial"]))
    if found["check"] != code.check:
        raise IdentityError("check character of the deal code is wrong", code="identity.deal_code_check")
    return code


def mod_37_2(text: str) -> str:
    """Return the ISO 7064 MOD 37-2 check character of digits and capitals."""
    remainder = 0
    for character in text:
        value = _MOD_37_2_ALPHABET.find(character, 0, 36)
        if value < 0:
            raise IdentityError("MOD 37-2 covers digits and capitals only", code="identity.deal_code_malformed")
        remainder = (remainder + value) * 2 % 37
    return _MOD_37_2_ALPHABET[(38 - remainder) % 37]


def _day(digits: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise IdentityError(f"{digits} is not a day", code="identity.deal_code_malformed") from error


def _need(value: bytes, size: int, name: str) -> None:
    if len(value) != size:
        raise IdentityError(f"{name} must have {size} bytes, not {len(value)}")


def _text(value: str, name: str) -> bytes:
    if not value or "\n" in value:
        raise IdentityError(f"{name} must be one non-empty line")
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise IdentityError(f"{name} is not valid Unicode") from error
