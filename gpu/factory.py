"""From a setting to a ChatModel: a URL is a server's, anything else a model to run here."""

from __future__ import annotations

from collections.abc import Sequence

from core.chat import ChatModel
from core.errors import InvalidInput
from gpu.job import ModelSource
from gpu.local import LocalChatModel
from gpu.openai_client import OpenAIChatModel
from gpu.pool.events import PoolHook, unheard
from gpu.server_model import ServerChatModel


def chat_model_from(
    *,
    url: str | None = None,
    path_or_hub_id: str | None = None,
    model: str | None = None,
    api_key: str | None = None,
    device: str = "cpu",
    dtype: str = "auto",
    threads: int | None = None,
    local_files_only: bool = False,
) -> ChatModel:
    """Return the model that settings name; contacts nothing and loads nothing yet.

    Either `url` with `model`, the name that the server gives it, or `path_or_hub_id`, where `model` is the
    name to record. `device` is torch's ("cpu", "cuda"), `threads` the process's. Raises InvalidInput.
    """
    if (url is None) == (path_or_hub_id is None):
        raise InvalidInput(
            "url",
            url,
            "exactly one of url and path_or_hub_id is needed",
            remedy="Give one, leave out the other.",
        )
    if path_or_hub_id is not None:
        source = ModelSource(
            path_or_hub_id=path_or_hub_id,
            device=device,
            dtype=dtype,
            threads=threads,
            local_files_only=local_files_only,
        )
        return LocalChatModel(source, name=model)
    if not model:
        raise InvalidInput("model", model, "a server's model needs its name", remedy=f"See {url}/v1/models.")
    return OpenAIChatModel(url or "", model, api_key=api_key)


def local_model(
    path_or_hub_id: str, *, device: str = "cpu", max_batch: int = 8, context: int | None = None
) -> LocalChatModel:
    """Return the model of a folder or hub id, run in this process; loads nothing yet."""
    source = ModelSource(path_or_hub_id=path_or_hub_id, device=device)
    return LocalChatModel(source, max_batch=max_batch, context=context)


def server_model(
    urls: Sequence[str],
    *,
    name: str = "",
    api_key: str | None = None,
    context: int | None = None,
    hook: PoolHook = unheard,
) -> ServerChatModel:
    """Return the model behind URLs (the nodes of one pool), whatever server runs there; contacts nothing yet.

    Without a `name` it is the only one that the server lists, without `context` what the server says. `hook` hears
    of what happens in the pool. Raises InvalidInput.
    """

    def connect(nodes: Sequence[str], served: str) -> ChatModel:
        from gpu.pool.pool import PooledChatModel

        return PooledChatModel(nodes, served, api_key=api_key, hook=hook)

    return ServerChatModel(urls, connect, name=name, api_key=api_key, context=context)


async def served_models(url: str, *, api_key: str | None = None) -> tuple[str, ...]:
    """Return the names of the models that a server lists. Raises InvalidInput, ModelUnavailable, ModelRefused."""
    client = OpenAIChatModel(url, "server", api_key=api_key)
    try:
        return await client.served()
    finally:
        await client.close()
