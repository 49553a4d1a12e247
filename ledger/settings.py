"""What a city's processes are told from outside: one validated object, read once, then passed on.

Sources, the later wins: the defaults here, `city.json` in the data folder, environment variables `SUNBID_*` (nested
with two underscores, e.g. `SUNBID_LIMITS__MAX_STREAM_BYTES`). No secret is ever a setting: keys are files
(`ledger.city`), and a database password belongs into the environment.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_settings import BaseSettings, JsonConfigSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from ledger.city import City
from ledger.errors import SunbidError

FILE_NAME = "city.json"
TRUST_FILE = "trust.json"


class SettingsError(SunbidError):
    """Settings that are missing or contradict each other."""

    code = "settings.invalid"


class ClockKind(StrEnum):
    """Which clock the product follows; `chain` is for development chains only."""

    SYSTEM = "system"
    CHAIN = "chain"


def _to_address(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        return bytes.fromhex(value[2:])
    return value


def _is_address(value: bytes) -> bytes:
    if len(value) != 20:
        raise ValueError("an address is 0x and 40 hexadecimal digits")
    return value


def _is_finality(value: str) -> str:
    if not re.fullmatch(r"bft|depth:[1-9][0-9]{0,4}", value):
        raise ValueError("finality is 'bft' or 'depth:N' with N of 1 or more")
    return value


HexAddress = Annotated[
    bytes,
    BeforeValidator(_to_address),
    AfterValidator(_is_address),
    PlainSerializer(lambda value: "0x" + value.hex(), return_type=str, when_used="json"),
]
FinalityText = Annotated[str, AfterValidator(_is_finality)]


class Limits(BaseModel):
    """What one account may ask of a city; beyond it the door refuses with a problem document and keeps nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_stream_bytes: int = Field(default=512 * 1024 * 1024, gt=0)
    streams_per_hour: int = Field(default=120, gt=0)
    stream_bytes_per_day: int = Field(default=4 * 1024**3, gt=0)
    slips_per_hour: int = Field(default=240, gt=0)
    document_bytes: int = Field(default=64 * 1024 * 1024, gt=0)


class CitySettings(BaseSettings):
    """The settings of one city's processes.

    `peers` are the other cities by name with their base URLs; `finality` is `bft` (a block is final) or `depth:N`
    (final with N blocks on top); `clock` is `chain` on development chains only. `rpc_urls` are tried in order.
    """

    model_config = SettingsConfigDict(env_prefix="SUNBID_", env_nested_delimiter="__", frozen=True, extra="forbid")

    city: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    domain: str = "sunbid.example"
    data_dir: Path
    database_url: str = ""
    rpc_urls: tuple[str, ...] = Field(default=("http://127.0.0.1:8545",), min_length=1)
    chain_id: int = Field(gt=0)
    registry: HexAddress
    base_url: str
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    peers: dict[str, str] = Field(default_factory=dict)
    finality: FinalityText = "bft"
    clock: ClockKind = ClockKind.SYSTEM
    broker_url: str = ""
    peer_deadline_seconds: float = Field(default=5.0, gt=0)
    limits: Limits = Limits()

    @classmethod
    def settings_customise_sources(  # noqa: D102 - pydantic-settings' own hook
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        folder = init_settings().get("data_dir") or env_settings().get("data_dir")
        file = JsonConfigSettingsSource(settings_cls, json_file=Path(str(folder)) / FILE_NAME) if folder else None
        return (env_settings, *((file,) if file else ()), init_settings)

    def model_post_init(self, _context: Any, /) -> None:
        """Refuse what each value alone cannot show."""
        if self.city in self.peers:
            raise SettingsError(f"{self.city} is listed among its own peers; name only the other cities")

    @classmethod
    def load(cls, data_dir: Path) -> Self:
        """Return the settings of the city whose folder is `data_dir`; refuse a folder without `city.json`."""
        if not (data_dir / FILE_NAME).exists():
            raise SettingsError(f"{data_dir} has no {FILE_NAME}: set the city up first, e.g. with `sunbid up`")
        given: dict[str, Any] = {"data_dir": data_dir}
        return cls(**given)

    def save(self) -> Path:
        """Write `city.json` into the data folder, which is made if need be, and return its path."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        path = self.data_dir / FILE_NAME
        draft = path.with_suffix(".tmp")
        draft.write_text(self.model_dump_json(indent=2, exclude={"data_dir"}) + "\n")
        os.replace(draft, path)  # noqa: PTH105 - atomic on every platform, which rename is not
        return path

    @property
    def database(self) -> str:
        """The database URL; without one, a SQLite file in the data folder."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'city.sqlite3'}"

    @property
    def this_city(self) -> City:
        """The city that these settings belong to."""
        return self.city_named(self.city)

    def city_named(self, name: str) -> City:
        """Return the city of this name under the network's domain."""
        return City(name, f"{name}.{self.domain}")

    @property
    def cities(self) -> tuple[City, ...]:
        """This city and its peers, by name."""
        return tuple(self.city_named(name) for name in sorted({self.city, *self.peers}))

    @property
    def trust_path(self) -> Path:
        """The trust file that the city publishes, and checks other cities' answers with."""
        return self.data_dir / TRUST_FILE

    @property
    def keys_dir(self) -> Path:
        """Where the city's keys lie."""
        return self.data_dir / "keys"
