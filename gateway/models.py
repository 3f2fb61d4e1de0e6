"""Which language model serves which feature of which workspace, in which order; extraction comes after the last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.chat import ChatDelta, ChatModel, ChatRequest
from core.errors import InvalidFile, ModelRefused, ModelUnavailable
from core.ids import WorkspaceId
from gateway.models_file import Chain, ModelsFile, ModelSpec, check_chains, read_models_file
from gateway.settings import Settings, secret, split_urls
from gpu.pool.coalesce import coalesced
from gpu.pool.events import PoolHook, unheard
from summarize.models import Feature

if TYPE_CHECKING:
    from gpu.local import LocalChatModel
    from gpu.server_model import ServerChatModel

UNUSED: Final = "unused"
READY: Final = "ready"
SERVER_KEY: Final = "llm"
"""The key of the model of CATCHUP_LLM_URL."""
LOCAL_KEY: Final = "local"
"""The key of the model of CATCHUP_MODEL."""
_REQUESTS_FAULT: Final = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model of a chain; `context_tokens` is what prompt and answer may have together, and may contact the server.

    Both raise ModelUnavailable and its kinds: go on with the next of the chain.
    """

    key: str
    chat: ChatModel
    context_tokens: Callable[[], Awaitable[int]]


class Models:
    """Every model that the settings name. Nothing is contacted or loaded before its first use.

    A model that cannot be reached stops neither the start nor readiness: `report` says what is wrong with it.
    """

    def __init__(
        self,
        specs: Mapping[str, ModelSpec],
        file: ModelsFile,
        keys: Mapping[str, str | None],
        hook: PoolHook = unheard,
    ) -> None:
        self.specs = dict(specs)
        self.file = file
        self._keys = dict(keys)
        self._served: dict[str, ServedModel] = {}
        self._watched: dict[str, _Watched] = {}
        for key, spec in self.specs.items():
            model = _made(spec, self._keys.get(key), hook)
            watched = self._watched[key] = _Watched(model)
            self._served[key] = ServedModel(key=key, chat=watched, context_tokens=watched.context_tokens)

    @classmethod
    def from_settings(cls, settings: Settings, hook: PoolHook = unheard) -> Models:
        """Return the models of CATCHUP_LLM_*, CATCHUP_MODEL and CATCHUP_MODELS.

        Raises InvalidInput and InvalidFile that name setting or field, value and remedy.
        """
        specs = _of_environment(settings)
        secrets = {SERVER_KEY: settings.llm_api_key.get_secret_value() if settings.llm_api_key else None}
        file = ModelsFile()
        if settings.models is not None:
            file = read_models_file(settings.models)
            name = settings.models.name
            for key, spec in file.models.items():
                if key in specs:
                    raise InvalidFile(
                        f"{name}: models.{key}",
                        key,
                        "is the key of the model that environment variables name",
                        remedy="Choose another key, or unset CATCHUP_LLM_URL or CATCHUP_MODEL.",
                    )
                secrets[key] = secret(spec.api_key_env).get_secret_value() if spec.api_key_env else None
            specs |= file.models
            check_chains(file, specs, name=name)
        return cls(specs, file, secrets, hook)

    def chain(self, workspace: WorkspaceId, feature: Feature) -> tuple[ServedModel, ...]:
        """Return the models to try in order; none: extraction alone."""
        return tuple(self._served[key] for key in self.keys(workspace, feature))

    def keys(self, workspace: WorkspaceId, feature: Feature) -> Chain:
        """Return the keys of a chain: the workspace's own, else the feature's, else every model in order."""
        own = self.file.workspaces.get(workspace, {})
        if feature in own:
            return own[feature]
        return self.file.features.get(feature, tuple(self.specs))

    def judge(self, workspace: WorkspaceId) -> ChatModel | None:
        """Return the model that judges what others wrote: the last of the chain of summaries, None without one."""
        chain = self.chain(workspace, Feature.SUMMARY)
        return chain[-1].chat if chain else None

    def served(self, key: str) -> ServedModel | None:
        """Return one model, by its key."""
        return self._served.get(key)

    def report(self) -> dict[str, str]:
        """Return for each model `ready`, `unused`, or `degraded: ` and what went wrong last; contacts nothing."""
        return {key: watched.state for key, watched in self._watched.items()}

    async def close(self) -> None:
        """Close every model; a second call does nothing."""
        await asyncio.gather(*(served.chat.close() for served in self._served.values()))


class _Watched:
    """A ChatModel that remembers how its last use went."""

    def __init__(self, model: ServerChatModel | LocalChatModel) -> None:
        self._model = model
        self.state = UNUSED

    @property
    def name(self) -> str:
        """The served model's name."""
        return self._model.name

    @property
    def counts_exactly(self) -> bool:
        """Whether tokens are counted by the model's own tokenizer, as far as is known."""
        return bool(getattr(self._model, "counts_exactly", True))

    @property
    def answers_by(self) -> str:
        """How a server is brought to keep a schema; empty for a model that runs here, and before the first use."""
        return str(getattr(self._model, "answers_by", ""))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the answer, pieces of some 30 ms joined; see the port for the promise."""
        try:
            async with aclosing(coalesced(self._model.stream(request))) as deltas:
                async for delta in deltas:
                    if delta.finish is not None:
                        self.state = READY
                    yield delta
        except ModelUnavailable as error:
            self._failed(error)
            raise

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the served model's tokenizer makes of a text."""
        return await self._watch(self._model.count_tokens(text))

    async def context_tokens(self) -> int:
        """Return how many tokens prompt and answer may have together."""
        return await self._watch(self._model.context_tokens())

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()

    async def _watch(self, call: Awaitable[int]) -> int:
        try:
            return await call
        except ModelUnavailable as error:
            self._failed(error)
            raise

    def _failed(self, error: ModelUnavailable) -> None:
        """Remember a failure that is the model's, not the request's."""
        if not (isinstance(error, ModelRefused) and error.status in _REQUESTS_FAULT):
            self.state = f"degraded: {error.message}"


def _of_environment(settings: Settings) -> dict[str, ModelSpec]:
    """Return the models that environment variables name, the server first."""
    specs: dict[str, ModelSpec] = {}
    if settings.llm_url:
        specs[SERVER_KEY] = ModelSpec(
            url=split_urls(settings.llm_url), model=settings.llm_model, context=settings.llm_context
        )
    if settings.model:
        specs[LOCAL_KEY] = ModelSpec(
            path=settings.model, device=settings.model_device, batch=settings.model_batch
        )
    return specs


def _made(spec: ModelSpec, api_key: str | None, hook: PoolHook) -> ServerChatModel | LocalChatModel:
    from gpu.factory import local_model, server_model  # here: a gateway without models never loads them

    if spec.path:
        return local_model(spec.path, device=spec.device, max_batch=spec.batch, context=spec.context)
    return server_model(spec.url, name=spec.model, api_key=api_key, context=spec.context, hook=hook)
