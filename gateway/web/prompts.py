"""`/v1/prompts`: versions, what changed between them, and where they stand on the release train."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from core.audit import Entry
from core.ids import WorkspaceId
from core.releases import ArtifactKind, Override, Stage
from gateway.web.deps import Caller, Scope, ServicesDep, allow
from prompts.models import Prompt, Standing
from prompts.parse import parse_prompt

router = APIRouter(prefix="/v1/prompts", tags=["prompts"])

Reader = Annotated[Caller, allow(Scope.PROMPTS_READ)]
Writer = Annotated[Caller, allow(Scope.PROMPTS_WRITE)]
Forward = Literal["shadow", "canary-5", "canary-50", "live"]
_VERSION = "A version's hash or its first four or more digits, a stage such as `live`, or `latest`."


class VersionAnswer(BaseModel):
    """A version and where it stands."""

    version: str = Field(description="Content hash; the same bytes are the same version.")
    stage: Stage
    since: datetime
    by: str = Field(description="Who made the last move.")
    reason: str
    description: str
    pushed_at: datetime
    pushed_by: str
    message: str


class PromptAnswer(BaseModel):
    """A prompt with all its versions, the newest first."""

    name: str
    description: str
    live: str | None = Field(description="The version that is live.")
    stage: Stage = Field(description="The stage of the live version, or of the newest where none is live.")
    by: str = Field(description="Who brought it there.")
    since: datetime
    serving: str | None = Field(description="The version that this workspace gets now: live, or a canary's.")
    versions: list[VersionAnswer]


class PromptsAnswer(BaseModel):
    """Every prompt of this installation."""

    prompts: list[PromptAnswer]


class TurnAnswer(BaseModel):
    """One message of a prompt."""

    role: str
    text: str


class PromptVersionAnswer(VersionAnswer):
    """A version, whole."""

    name: str
    source: str = Field(description="The file as it was pushed, with Unix line ends.")
    messages: list[TurnAnswer]
    variables: dict[str, str] = Field(description="Each variable and its type.")
    output: dict[str, Any] | None = Field(description="The JSON Schema of the answer.")
    parameters: dict[str, Any]


class PushBody(BaseModel):
    """A prompt file."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(
        min_length=1,
        description="The whole file: YAML front matter, then the messages.",
        examples=["---\nname: greeting\ndescription: Says hello.\n---\n# user\nSay hello to the team.\n"],
    )
    message: str = Field(default="", max_length=2000, description="What changed and why.")


class PushAnswer(BaseModel):
    """What a push did."""

    name: str
    created: bool = Field(description="False if these bytes were there already.")
    version: VersionAnswer


class OverrideBody(BaseModel):
    """A person's word in place of a Verdict; audited."""

    model_config = ConfigDict(extra="forbid")

    author: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2000)


class PromoteBody(BaseModel):
    """Where a version shall go, and on what authority: a Verdict or an override, not both."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(min_length=1, description=_VERSION, examples=["9f1c"])
    stage: Forward = "live"
    verdict: str = Field(
        default="",
        description="The id of an evaluation that passed for this version.",
        examples=["eval_5f3a9c"],
    )
    override: OverrideBody | None = None


class RollbackBody(BaseModel):
    """What to take back, and why."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(default="", description=f"{_VERSION} Left out: the version that went online last.")
    reason: str = Field(min_length=1, max_length=2000, examples=["Actions lose their owners."])


class ChangeAnswer(BaseModel):
    """A run of words that stayed, came or went."""

    op: Literal["equal", "insert", "delete"]
    text: str


class SectionAnswer(BaseModel):
    """The changes of one message."""

    name: str
    changes: list[ChangeAnswer]


class ValueAnswer(BaseModel):
    """A changed value of parameters, variables, schema or description."""

    path: str
    before: Any
    after: Any


class DiffAnswer(BaseModel):
    """All that differs from a to b."""

    a: str
    b: str
    sections: list[SectionAnswer]
    values: list[ValueAnswer]


class LogEntryAnswer(BaseModel):
    """One thing that somebody did."""

    at: datetime
    actor: str
    action: str
    version: str
    stage: str | None
    reason: str


class LogAnswer(BaseModel):
    """The history of a prompt, the latest first."""

    entries: list[LogEntryAnswer]


@router.get("", summary="List prompts, and which version of each is live")
async def list_prompts(caller: Reader, services: ServicesDep) -> PromptsAnswer:
    """Return every prompt with its versions; `serving` is what the caller's workspace gets."""
    found = [await _prompt(every, caller.workspace, services) for every in await services.prompts.list()]
    return PromptsAnswer(prompts=found)


@router.post(
    "",
    summary="Push a prompt file",
    status_code=status.HTTP_201_CREATED,
    responses={200: {"model": PushAnswer, "description": "These bytes were there already."}},
)
async def push_prompt(
    body: PushBody, caller: Writer, services: ServicesDep, response: Response
) -> PushAnswer:
    """Add a version as a draft; the same bytes again change nothing."""
    pushed = await services.prompts.push(body.source, by=_by(caller), message=body.message)
    if not pushed.created:
        response.status_code = status.HTTP_200_OK
    standing = pushed.standing
    return PushAnswer(name=standing.prompt.name, created=pushed.created, version=_version(standing))


@router.get("/{name}", summary="Show a prompt and its versions")
async def show_prompt(name: str, caller: Reader, services: ServicesDep) -> PromptAnswer:
    """Return one prompt with its versions."""
    return await _prompt(await services.prompts.versions(name), caller.workspace, services)


@router.get("/{name}/diff", summary="Compare two versions")
async def diff_versions(
    name: str,
    caller: Reader,
    services: ServicesDep,
    a: Annotated[str, Query(min_length=1, description=_VERSION)] = "live",
    b: Annotated[str, Query(min_length=1, description=_VERSION)] = "latest",
) -> DiffAnswer:
    """Return what changed from a to b: words of the text, values of everything else."""
    found = await services.prompts.diff(name, a, b)
    return DiffAnswer.model_validate(found, from_attributes=True)


@router.get("/{name}/log", summary="Who did what to a prompt, and why")
async def prompt_log(name: str, caller: Reader, services: ServicesDep) -> LogAnswer:
    """Return the prompt's entries of the audit log, the latest first."""
    return LogAnswer(entries=[_entry(entry) for entry in await services.prompts.log(name)])


@router.get("/{name}/{version}", summary="Show one version, whole")
async def show_version(
    name: str,
    version: str,
    caller: Reader,
    services: ServicesDep,
) -> PromptVersionAnswer:
    """Return a version with its text."""
    standing = await services.prompts.find(name, version)
    return _whole(standing, parse_prompt(standing.prompt.source, file=name))


@router.post("/{name}/promote", summary="Move a version forward on the release train")
async def promote(name: str, body: PromoteBody, caller: Writer, services: ServicesDep) -> VersionAnswer:
    """Advance a version on the authority of a PASS, or of a person's override; refused (409) without either."""
    standing = await services.prompts.find(name, body.version)
    override = Override(author=body.override.author, reason=body.override.reason) if body.override else None
    authority = await services.evaluator.authority(verdict=body.verdict, override=override)
    moved = await services.prompts.promote(
        name,
        standing.prompt.version,
        Stage(body.stage),
        authority,
        by=override.author if override else _by(caller),
    )
    return _version(moved)


@router.post("/{name}/rollback", summary="Take a version offline")
async def roll_back(name: str, body: RollbackBody, caller: Writer, services: ServicesDep) -> PromptAnswer:
    """Roll back; if the version was live, the one that was live before it is live again."""
    await services.prompts.roll_back(name, body.version, by=_by(caller), reason=body.reason)
    return await _prompt(await services.prompts.versions(name), caller.workspace, services)


def _by(caller: Caller) -> str:
    """Return who is to be named in the audit log: the key, which is proven, and whom it says it acts for."""
    return f"{caller.user} (key {caller.key})" if caller.user else f"key {caller.key}"


async def _prompt(every: Sequence[Standing], workspace: WorkspaceId, services: ServicesDep) -> PromptAnswer:
    name = every[0].prompt.name
    live = next((standing for standing in every if standing.release.stage is Stage.LIVE), None)
    head = live or every[0]
    serving = await services.releases.serving(ArtifactKind.PROMPT, name, workspace)
    return PromptAnswer(
        name=name,
        description=head.prompt.description,
        live=live.prompt.version if live else None,
        stage=head.release.stage,
        by=head.release.by,
        since=head.release.since,
        serving=serving.artifact.version if serving else None,
        versions=[_version(standing) for standing in every],
    )


def _fields(standing: Standing) -> dict[str, Any]:
    prompt, release = standing.prompt, standing.release
    return {
        "version": prompt.version,
        "stage": release.stage,
        "since": release.since,
        "by": release.by,
        "reason": release.reason,
        "description": prompt.description,
        "pushed_at": prompt.pushed_at,
        "pushed_by": prompt.pushed_by,
        "message": prompt.message,
    }


def _version(standing: Standing) -> VersionAnswer:
    return VersionAnswer(**_fields(standing))


def _whole(standing: Standing, prompt: Prompt) -> PromptVersionAnswer:
    parameters = prompt.parameters
    return PromptVersionAnswer(
        **_fields(standing),
        name=prompt.name,
        source=prompt.source,
        messages=[TurnAnswer(role=turn.role, text=turn.text) for turn in prompt.turns],
        variables={name: str(variable.type) for name, variable in prompt.variables.items()},
        output=None if prompt.output is None else dict(prompt.output),
        parameters={
            "max_tokens": parameters.max_tokens,
            "temperature": parameters.temperature,
            "seed": parameters.seed,
            "stop": list(parameters.stop),
            "deadline_s": parameters.deadline_s,
        },
    )


def _entry(entry: Entry) -> LogEntryAnswer:
    return LogEntryAnswer(
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        version=entry.subject.rpartition("@")[2],
        stage=(entry.data or {}).get("stage"),
        reason=entry.reason,
    )
