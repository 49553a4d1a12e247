"""The kinds of events that are witnessed (domain.md §6), with the codes that stand in the entries."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What happened; the value is written into the entry and never changes once published.

    E01 … E40 are the list of the digital witness (数字见证) in domain.md §6. From E41 on are the steps that this
    platform adds to it: what the contracts decide, and what is done with the records themselves.
    """

    REGISTRATION = "E01"
    NOTICE_PUBLISHED = "E02"
    DOCUMENT_DOWNLOADED = "E03"
    CLARIFICATION_PUBLISHED = "E04"
    DOCUMENT_OBJECTION = "E05"
    BOND_RECEIVED = "E06"
    BID_RECEIVED = "E07"
    BID_WITHDRAWN = "E08"
    DEADLINE_CLOSED = "E09"
    SEAT_BOOKED = "E10"
    LIBRARY_SNAPSHOT = "E11"
    DRAW_REQUESTED = "E12"
    DRAW_RESULT = "E13"
    EXPERT_NOTIFIED = "E14"
    EXPERT_REPLACED = "E15"
    SIGN_IN = "E16"
    SEAL_CHECKED = "E17"
    BIDDER_OPENED = "E18"
    COMMITTEE_OPENED = "E19"
    PRICE_READ = "E20"
    OPENING_OBJECTION = "E21"
    OPENING_RECORD = "E22"
    EXPERT_IDENTIFIED = "E23"
    DEVICE_LOCKED = "E24"
    CHANNEL_STATE = "E25"
    CONFLICT_DECLARED = "E26"
    BID_CLARIFICATION = "E27"
    SCORE_LOCKED = "E28"
    BID_REJECTED = "E29"
    SIMILARITY_REPORT = "E30"
    RANKING = "E31"
    EVALUATION_REPORT = "E32"
    CANDIDATES_PUBLICISED = "E33"
    COMPLAINT = "E34"
    AWARD_DECIDED = "E35"
    RESULT_PUBLISHED = "E36"
    CONTRACT_SIGNED = "E37"
    ANOMALY = "E38"
    INTERVENTION = "E39"
    ARCHIVED = "E40"
    TENDER_AMENDED = "E41"
    TENDER_SUSPENDED = "E42"
    TENDER_RESUMED = "E43"
    TENDER_TERMINATED = "E44"
    BOX_OPENED = "E45"
    BID_LIST_FIXED = "E46"
    BIDDERS_EXCLUDED = "E47"
    LOT_FAILED = "E48"
    CREDIT_RECORDED = "E49"
    BUNDLE_MADE = "E50"
    BODY_ERASED = "E51"
    PERFORMANCE_STARTED = "E52"


class ActorRole(StrEnum):
    """In which part somebody acted; the roles of acts.md, and those that never sign an act."""

    TENDERER = "tenderer"
    AGENCY = "agency"
    BIDDER = "bidder"
    EXPERT = "expert"
    CENTRE = "centre"
    SUPERVISOR = "supervisor"
    CREDIT_AUTHORITY = "credit_authority"
    CITY_OFFICER = "city_officer"
    KEY_HOLDER = "key_holder"
    BANK = "bank"
    WITNESS = "witness"
    PUBLIC = "public"
    SYSTEM = "system"


class EvidenceKind(StrEnum):
    """The medium of a piece of evidence."""

    AV = "AV"
    SCREEN = "SCREEN"
    LOG = "LOG"
    FILE = "FILE"
    SIGN = "SIGN"
