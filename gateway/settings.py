"""Every setting, and the only place where the environment is read (docs/reference/settings.md)."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import InvalidInput

PREFIX = "CATCHUP_"
_FOREIGN = re.compile(rf"{PREFIX}(TEST_|([A-Z0-9]+_)*(SERVICE_|PORT))")


class EmbedderName(StrEnum):
    """Which Embedder turns text into vectors."""

    MINILM = "minilm"
    HASHING = "hashing"


class LogLevel(StrEnum):
    """The least severe log line that is written."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """What an operator can set; each field is the environment variable `CATCHUP_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    home: Path = Path(".catchup")
    """The folder of everything that is kept: database, event log, lake, snapshots, the demo key."""
    database_url: str = ""
    """SQLAlchemy URL, e.g. `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`. Empty: SQLite at `HOME/catchup.db`."""
    events_url: str = ""
    """`nats://HOST:4222` for JetStream. Empty: the embedded log at `HOME/events.db`."""
    embedder: EmbedderName = EmbedderName.MINILM
    """`minilm` (all-MiniLM-L6-v2) or `hashing` (no weights, knows no synonyms; for tests)."""
    embedder_threads: int | None = Field(default=None, ge=1)
    """How many threads the embedder's matrix products use. Empty: torch decides."""
    listen: str = "127.0.0.1:8080"
    """Where REST and the console listen, HOST:PORT. 0.0.0.0 opens it to the network: put TLS in front."""
    grpc_listen: str = "127.0.0.1:8081"
    """Where gRPC listens, HOST:PORT; `off` for none."""
    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    """The largest request body that is read; more is answered 413."""
    rate_per_second: float = Field(default=100.0, gt=0)
    """How many requests a second one API key may make in the long run; more is answered 429."""
    rate_burst: int = Field(default=200, ge=1)
    """How many requests one API key may make at once before the rate counts."""
    shutdown_seconds: float = Field(default=10.0, ge=0)
    """How long a stopping server waits for requests in flight."""
    log_level: LogLevel = LogLevel.INFO
    """`info`, `warning` or `error`: the least severe line that is written."""

    @field_validator("listen", "grpc_listen")
    @classmethod
    def _address(cls, value: str, field: ValidationInfo) -> str:
        host, _, port = value.rpartition(":")
        off = value == "off" and field.field_name == "grpc_listen"
        if not off and not (host and port.isdigit() and int(port) < 65536):
            raise ValueError("is not HOST:PORT")
        return value

    @property
    def database(self) -> str:
        """The URL that is opened."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.absolute() / 'catchup.db'}"

    @property
    def event_file(self) -> Path:
        """The embedded event log."""
        return self.home / "events.db"

    @property
    def lake(self) -> Path:
        """The folder of the Parquet lake."""
        return self.home / "lake"

    @property
    def snapshots(self) -> Path:
        """The folder of the feature snapshots that recommendation serves from."""
        return self.home / "snapshots"


def load_settings(**given: Any) -> Settings:  # noqa: ANN401  pydantic checks them
    """Read the environment, put what is given over it; raises InvalidInput that names the variable."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        shown = "hidden" if "KEY" in name or "URL" in name else first["input"]
        raise InvalidInput(
            name, shown, first["msg"], remedy="Correct or unset it; see docs/reference/settings.md."
        ) from error


def unknown_variables() -> list[str]:
    """Return variables that look like settings and are none: typing errors, most likely.

    What Kubernetes sets for a Service called catchup, and what the tests read, is left out.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name not in known and not _FOREIGN.match(name)
    )
