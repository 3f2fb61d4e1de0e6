"""Every setting, and the only place where the environment is read (docs/reference/settings.md)."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import InvalidInput
from core.master_key import Masters, masters_of

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
    """The folder of everything that is kept: database, event log, lake, snapshots, the master key, the demo key."""
    database_url: str = ""
    """SQLAlchemy URL, e.g. `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`. Empty: SQLite at `HOME/catchup.db`."""
    events_url: str = ""
    """`nats://HOST:4222` for JetStream. Empty: the embedded log at `HOME/events.db`."""
    master_key: SecretStr | None = None
    """32 bytes in hex or base64 that wrap all data keys; of several, the first wraps. Empty: `HOME/master.key`."""
    embedder: EmbedderName = EmbedderName.MINILM
    """`minilm` (all-MiniLM-L6-v2) or `hashing` (no weights, knows no synonyms; for tests)."""
    embedder_threads: int | None = Field(default=None, ge=1)
    """How many threads the embedder's matrix products use. Empty: torch decides."""
    llm_url: str = ""
    """URL of an OpenAI-compatible server; several, separated by commas, are nodes of one pool. Empty: none."""
    llm_model: str = ""
    """The model's name as the server lists it. Empty: the one model of `/v1/models`, asked at first use."""
    llm_api_key: SecretStr | None = None
    """The key that the server expects, sent as a bearer token; never shown."""
    llm_context: int | None = Field(default=None, ge=512)
    """Tokens that prompt and answer may have together. Empty: `max_model_len` of `/v1/models`, else 8192."""
    model: str = ""
    """A chat model to run in this process through transformers: a folder or a hub id. Empty: none."""
    model_device: str = "cpu"
    """Where that model runs: `cpu`, `cuda`, or another device of torch's."""
    model_batch: int = Field(default=8, ge=1, le=256)
    """How many answers that model decodes at once."""
    models: Path | None = None
    """A YAML file with more models, and which feature and workspace uses which; see docs/reference/models.md."""
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

    @field_validator("llm_url")
    @classmethod
    def _servers(cls, value: str) -> str:
        urls = split_urls(value)
        if any(not re.match(r"https?://[^/\s]+", url) for url in urls):
            raise ValueError("is not a list of http or https URLs, separated by commas")
        if len(set(urls)) < len(urls):
            raise ValueError("names a node twice")
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
    def master_key_file(self) -> Path:
        """The master key, where the setting names none."""
        return self.home / "master.key"

    def masters(self) -> Masters:
        """Return the master keys, from the setting or the file; raises InvalidInput for what is no key."""
        given = self.master_key.get_secret_value() if self.master_key else ""
        return masters_of(given, self.master_key_file)

    @property
    def lake(self) -> Path:
        """The folder of the Parquet lake."""
        return self.home / "lake"

    @property
    def snapshots(self) -> Path:
        """The folder of the feature snapshots that recommendation serves from."""
        return self.home / "snapshots"


def split_urls(value: str) -> tuple[str, ...]:
    """Return the URLs of a list separated by commas."""
    return tuple(url.strip() for url in value.split(",") if url.strip())


def secret(variable: str) -> SecretStr:
    """Return a secret from an environment variable that a file names; raises InvalidInput if it is not set."""
    value = os.environ.get(variable, "")
    if not value:
        raise InvalidInput(
            variable,
            "nothing",
            "a file names this environment variable, and it is not set",
            remedy="Set it, or take its name out of the file.",
        )
    return SecretStr(value)


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
