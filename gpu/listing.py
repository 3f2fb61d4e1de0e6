"""What GET /v1/models says of a server: which models it serves, and how much they can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import aiohttp
import orjson

from core.chat import Json
from core.errors import CatchupError, ModelRefused, ModelUnavailable
from gpu.openai_client import base_url

PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model that a server lists; `context_tokens` is None where it does not say (only vLLM and SGLang do)."""

    name: str
    context_tokens: int | None = None


async def listed(urls: Sequence[str], *, api_key: str | None = None) -> tuple[Listed, ...]:
    """Return the models of the first of several servers that answers; raises the last one's ModelUnavailable."""
    failure: CatchupError | None = None
    for url in urls:
        try:
            return await _listed(base_url(url), api_key)
        except ModelUnavailable as error:
            failure = error
    raise failure or ModelUnavailable("No server's URL was given.", remedy="Set CATCHUP_LLM_URL.")


async def _listed(url: str, api_key: str | None) -> tuple[Listed, ...]:
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.get(f"{url}/v1/models") as response,
        ):
            if response.status != 200:
                raise ModelRefused(
                    f"{url}/v1/models answered {response.status}.",
                    status=response.status,
                    remedy="Check the URL and the API key, or name the model in the settings.",
                )
            return _read(orjson.loads(await response.read()))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"{url}/v1/models cannot be read: {type(error).__name__}.",
            remedy="Check the URL, and that an OpenAI-compatible server runs there.",
        ) from error


def _read(answer: dict[str, Json]) -> tuple[Listed, ...]:
    """Return the models of a listing; KeyError or TypeError for what is none."""
    entries = cast("list[dict[str, Json]]", answer["data"] or [])
    return tuple(
        Listed(name=str(entry["id"]), context_tokens=_whole(entry.get("max_model_len"))) for entry in entries
    )


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
