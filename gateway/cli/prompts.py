"""`catchup prompts`: change a prompt as safely as code."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.text import Text

from core.audit import Entry
from core.chat import ChatRequest
from core.errors import CatchupError, InvalidFile, InvalidInput
from core.releases import Override, Stage
from gateway.app import Services
from gateway.cli.common import run
from prompts.diff import Change, PromptDiff
from prompts.models import Prompt, Standing
from prompts.parse import read_prompt
from prompts.registry import Pushed
from prompts.template import render as render_prompt

app = typer.Typer(
    name="prompts",
    no_args_is_help=True,
    help="Push, compare, release and roll back prompts. Same bytes, same version; nothing goes live unjudged.",
)

Named = Annotated[
    str,
    typer.Argument(
        help="NAME, or NAME@VERSION: a hash or its first digits, a stage such as live, or latest."
    ),
]
By = Annotated[str, typer.Option("--by", help="Who does it, for the audit log; your login if left out.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_STYLES = {"equal": "", "insert": "green", "delete": "red strike"}
_MARKS = {"equal": ("", ""), "insert": ("{+", "+}"), "delete": ("[-", "-]")}


@app.command("list")
def list_prompts() -> None:
    """List every prompt with its versions, and which is live.

    Example: catchup prompts list
    """

    async def work(services: Services) -> list[list[Standing]]:
        return await services.prompts.list()

    console = Console(highlight=False)
    for every in run(work):
        prompt = every[0].prompt
        console.print(Text.assemble((prompt.name, "bold"), f"  {prompt.description}"))
        for standing in every:
            console.print(Text(f"  {_line(standing)}", style="green" if _is_live(standing) else ""))


@app.command()
def show(named: Named) -> None:
    """Print a version's file: the live one, or NAME@VERSION.

    Example: catchup prompts show channel-summary > channel-summary.md
    """
    name, at = _split(named, default=Stage.LIVE)

    async def work(services: Services) -> Standing:
        return await services.prompts.find(name, at)

    typer.echo(run(work).prompt.source, nl=False)


@app.command()
def push(
    files: Annotated[list[Path], typer.Argument(help="Prompt files.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What changed and why.")] = "",
    by: By = "",
) -> None:
    """Add files as draft versions; the same bytes again change nothing.

    Example: catchup prompts push channel-summary.md -m "shorter items"
    """
    read = [(path.name, read_prompt(path)) for path in files]

    async def work(services: Services) -> list[Pushed]:
        return [
            await services.prompts.push(prompt.source, by=by or login(), message=message, file=name)
            for name, prompt in read
        ]

    for pushed in run(work):
        prompt, state = pushed.standing.prompt, "new" if pushed.created else "known already"
        typer.echo(f"{prompt.name}@{prompt.version} ({state}, {pushed.standing.release.stage})")


@app.command()
def diff(
    name: Annotated[str, typer.Argument(help="The prompt's name.")],
    a: Annotated[str, typer.Argument(help="A version.")] = "live",
    b: Annotated[str, typer.Argument(help="Another.")] = "latest",
) -> None:
    """Show what changed between two versions, word by word.

    Example: catchup prompts diff channel-summary live latest
    """

    async def work(services: Services) -> PromptDiff:
        return await services.prompts.diff(name, a, b)

    found = run(work)
    if not found.sections and not found.values:
        typer.echo(f"{name}@{found.a} and {name}@{found.b} do not differ.")
    _print_diff(found)


@app.command()
def log(name: Annotated[str, typer.Argument(help="The prompt's name.")]) -> None:
    """Show who did what to a prompt, when and why.

    Example: catchup prompts log channel-summary
    """

    async def work(services: Services) -> list[Entry]:
        return await services.prompts.log(name)

    console = Console(highlight=False)
    for entry in run(work):
        version = entry.subject.rpartition("@")[2]
        stage = (entry.data or {}).get("stage", "")
        moved = f"{entry.action} {version}{f' to {stage}' if stage else ''}"
        why = f": {entry.reason}" if entry.reason else ""
        console.print(Text(f"{entry.at:%Y-%m-%d %H:%M:%SZ}  {moved}, by {entry.actor}{why}"))


@app.command()
def lint(files: Annotated[list[Path], typer.Argument(help="Prompt files.")]) -> None:
    """Check files without pushing them; exits 1 if any has a problem.

    Example: catchup prompts lint prompts/*.md
    """
    failed = 0
    for path in files:
        try:
            prompt = read_prompt(path)
        except CatchupError as error:
            failed += 1
            typer.secho(f"{path}: {error.message} {error.remedy}", err=True, fg=typer.colors.RED)
        else:
            typer.echo(f"{path}: {prompt.name}@{prompt.version} is well formed.")
    if failed:
        raise typer.Exit(1)


@app.command()
def render(
    named: Annotated[str, typer.Argument(help="A prompt file, NAME, or NAME@VERSION.")],
    values: Annotated[
        Path | None, typer.Option("--vars", help="A JSON file with the values of the variables.")
    ] = None,
    var: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; VALUE is JSON, or else text.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model would be sent.

    Example: catchup prompts render channel-summary.md --vars example.json --var detail=brief
    """
    prompt = _prompt(named)
    request = render_prompt(prompt, {**_read_values(values), **dict(_assignment(text) for text in var or [])})
    if as_json:
        typer.echo(orjson.dumps(request, option=orjson.OPT_INDENT_2).decode())
        return
    _print_request(request)


@app.command()
def promote(
    named: Named,
    to: Annotated[Stage, typer.Option(help="How far.")] = Stage.LIVE,
    verdict: Annotated[str, typer.Option(help="The id of an evaluation that passed for this version.")] = "",
    override: Annotated[str, typer.Option(help="Why to go without a Verdict; needs --by; audited.")] = "",
    by: By = "",
) -> None:
    """Move a version forward, on a Verdict or on your word.

    Example: catchup prompts promote channel-summary@latest --verdict eval_1f2e…

    Example: catchup prompts promote channel-summary@latest --override "hotfix for #412" --by ada
    """
    name, at = _split(named, default="latest")
    if override and not by:
        raise InvalidInput("--by", by, "is missing", remedy="An override needs a name: add --by NAME.")

    async def work(services: Services) -> Standing:
        version = (await services.prompts.find(name, at)).prompt.version
        word = Override(author=by, reason=override) if override else None
        authority = await services.evaluator.authority(verdict=verdict, override=word)
        return await services.prompts.promote(name, version, to, authority, by=by or login())

    standing = run(work)
    typer.echo(f"{name}@{standing.prompt.version} is {standing.release.stage}.")


@app.command()
def rollback(
    named: Annotated[str, typer.Argument(help="NAME for what went online last, or NAME@VERSION.")],
    reason: Annotated[str, typer.Option(help="Why; goes to the audit log.")],
    by: By = "",
) -> None:
    """Take a version offline; what was live before it is live again.

    Example: catchup prompts rollback channel-summary --reason "drops citations"
    """
    name, at = _split(named, default="")

    async def work(services: Services) -> tuple[Standing, Standing | None]:
        gone = await services.prompts.roll_back(name, at, by=by or login(), reason=reason)
        every = await services.prompts.versions(name)
        return gone, next((standing for standing in every if _is_live(standing)), None)

    gone, live = run(work)
    now = f"{live.prompt.version} is live" if live else "no version is live"
    typer.echo(f"{name}@{gone.prompt.version} is rolled back; {now}.")


def _split(named: str, *, default: str) -> tuple[str, str]:
    name, _, at = named.partition("@")
    return name, at or default


def login() -> str:
    """Return who is logged in, as the operating system says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _is_live(standing: Standing) -> bool:
    return standing.release.stage is Stage.LIVE


def _line(standing: Standing) -> str:
    prompt, release = standing.prompt, standing.release
    message = f": {prompt.message}" if prompt.message else ""
    moved = f"{prompt.version}  {release.stage} since {release.since:%Y-%m-%d %H:%MZ}"
    return f"{moved} by {release.by}, pushed by {prompt.pushed_by}{message}"


def _prompt(named: str) -> Prompt:
    """Return a file's prompt if there is such a file, else a version from the registry."""
    if named.endswith(".md") or Path(named).is_file():
        return read_prompt(Path(named))
    name, at = _split(named, default=Stage.LIVE)

    async def work(services: Services) -> Prompt:
        return await services.prompts.parsed(name, at)

    return run(work)


def _read_values(path: Path | None) -> dict[str, object]:
    if path is None:
        return {}
    remedy = 'Write one object: {"channel": "#incidents", ...}.'
    try:
        value: object = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InvalidFile("--vars", str(path), f"cannot be read: {error.strerror}", remedy=remedy) from error
    except orjson.JSONDecodeError as error:
        raise InvalidFile(
            f"{path}:{error.lineno}", "--vars", f"is not JSON: {error.msg}", remedy=remedy
        ) from error
    if not isinstance(value, dict):
        raise InvalidFile(str(path), type(value).__name__, "is not a JSON object", remedy=remedy)
    return {str(name): inner for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _assignment(text: str) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput("--var", text, "is not NAME=VALUE", remedy="For example --var detail=brief.")
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


def _print_request(request: ChatRequest) -> None:
    for message in request.messages:
        typer.secho(f"# {message.role}", bold=True)
        typer.echo(f"{message.content}\n")
    limits = f"max_tokens {request.max_tokens}, temperature {request.temperature:g}"
    typer.secho(f"{limits}, {'answers by its JSON schema' if request.schema else 'free text'}", dim=True)


def _print_diff(found: PromptDiff) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for value in found.values:
        console.print(Text(f"{value.path}: "), Text(_shown(value.before), style="red strike"), end=" -> ")
        console.print(Text(_shown(value.after), style="green"))
    for section in found.sections:
        console.print(Text(f"# {section.name}", style="bold"))
        console.print(
            Text.assemble(*((_marked(c, console), _STYLES[c.op]) for c in _trimmed(section.changes)))
        )


def _marked(change: Change, console: Console) -> str:
    """Return a change's text, in marks where there are no colours to tell by."""
    before, after = ("", "") if console.color_system else _MARKS[change.op]
    return f"{before}{change.text}{after}"


def _trimmed(changes: tuple[Change, ...], context: int = 3) -> list[Change]:
    """Return the changes with long equal stretches cut to a few lines around what differs."""
    kept: list[Change] = []
    for index, change in enumerate(changes):
        lines = change.text.splitlines(keepends=True)
        if change.op == "equal" and len(lines) > 2 * context + 1:
            head = [] if index == 0 else lines[:context]
            tail = [] if index == len(changes) - 1 else lines[-context:]
            kept.append(Change(op="equal", text="".join([*head, "…\n", *tail])))
        else:
            kept.append(change)
    return kept


def _shown(value: object) -> str:
    return "nothing" if value is None else orjson.dumps(value).decode()
