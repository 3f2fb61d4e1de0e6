"""A prompt file: YAML front matter, then one ``# system``, ``# user`` or ``# assistant`` heading per message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from core.chat import Json, Role
from core.errors import InvalidFile, TooLarge, UnknownVariable
from prompts.frontmatter import FrontMatter, VariableSpec, read_front_matter
from prompts.models import Parameters, Prompt, Turn, Variable, canonical
from prompts.placeholders import names_in
from prompts.schema import check_schema
from prompts.variables import write

MAX_BYTES = 256 * 1024
_HEADING = re.compile(r"# (system|user|assistant)[ \t]*")
_ESCAPED = re.compile(r"\\(# (?:system|user|assistant)[ \t]*)")
_FENCE = "---"


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file; raises InvalidFile that names file, line and field, TooLarge."""
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "Give the path of a Markdown file with front matter."
        raise InvalidFile("file", str(path), f"cannot be read: {error.strerror}", remedy=remedy) from error
    return parse_bytes(data, file=path.name)


def parse_bytes(data: bytes, *, file: str) -> Prompt:
    """Parse the bytes of a prompt file; see `parse_prompt`."""
    try:
        return parse_prompt(data.decode(), file=file)
    except UnicodeDecodeError as error:
        line = 1 + data[: error.start].count(b"\n")
        remedy = "Save the file as UTF-8."
        raise InvalidFile(f"{file}:{line}", f"byte {error.start}", "is not UTF-8", remedy=remedy) from error


def parse_prompt(source: str, *, file: str = "prompt") -> Prompt:
    """Parse the text of a prompt file; `file` names it in errors. Raises InvalidFile, TooLarge."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        remedy = "Send the text as Unicode; half a surrogate pair is none."
        raise InvalidFile(file, f"character {error.start}", "is not Unicode", remedy=remedy) from error
    if size > MAX_BYTES:
        raise TooLarge(
            f"{file} has {size} bytes, more than {MAX_BYTES}.",
            remedy="Put data into variables, not the text.",
        )
    source = canonical(source)
    lines = source.split("\n")
    end = _front_matter_end(lines, file)
    head = read_front_matter("\n".join(lines[1:end]), file=file, first_line=2)
    turns = _turns(lines, end + 1, file)
    variables = {name: _variable(name, spec, file) for name, spec in head.variables.items()}
    _check_use(turns, variables, file)
    if head.output is not None:
        check_schema(head.output, file=file)
    return Prompt(
        name=head.name,
        description=head.description,
        turns=turns,
        variables=variables,
        output=head.output,
        parameters=_parameters(head),
        source=source,
    )


def _front_matter_end(lines: list[str], file: str) -> int:
    if lines[0].rstrip() != _FENCE:
        shown = lines[0][:40]
        remedy = "Begin with ---, the fields name and description, and ---; save as UTF-8 without a byte-order mark."
        raise InvalidFile(f"{file}:1", shown, "has no front matter", remedy=remedy)
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _FENCE:
            return number
    raise InvalidFile(f"{file}:1", _FENCE, "opens front matter that never ends", remedy="Close it with ---.")


def _turns(lines: list[str], start: int, file: str) -> tuple[Turn, ...]:
    """Split the body at its role headings."""
    found: list[tuple[Role, int, list[str]]] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        if heading := _HEADING.fullmatch(line):
            found.append((cast("Role", heading[1]), number, []))
        elif found:
            found[-1][2].append(_ESCAPED.sub(r"\1", line) if _ESCAPED.fullmatch(line) else line)
        elif line.strip():
            remedy = "Put `# system` or `# user` on a line of its own before it."
            raise InvalidFile(f"{file}:{number}", line[:40], "is text before any role heading", remedy=remedy)
    if not found:
        remedy = "Add a line `# user` and the text below it."
        raise InvalidFile(f"{file}:{start + 1}", "", "has no messages", remedy=remedy)
    return tuple(_turn(role, number, body, file) for role, number, body in found)


def _turn(role: Role, number: int, body: list[str], file: str) -> Turn:
    blank = next((index for index, line in enumerate(body) if line.strip()), None)
    if blank is None:
        raise InvalidFile(
            f"{file}:{number}", f"# {role}", "is an empty message", remedy="Write it or remove it."
        )
    return Turn(role=role, text="\n".join(body[blank:]).rstrip(), line=number + 1 + blank)


def _variable(name: str, spec: VariableSpec, file: str) -> Variable:
    required = "default" not in spec.model_fields_set
    variable = Variable(
        name=name,
        type=spec.type,
        description=spec.description,
        choices=tuple(cast("list[Json]", spec.enum)),
        required=required,
        default=cast("Json", spec.default),
    )
    given = [*spec.enum, *([] if required else [spec.default])]
    for value in given:
        try:
            write(variable, value)
        except UnknownVariable as error:
            where = f"{file} variables.{name}"
            raise InvalidFile(where, value, f"does not fit: {error.message}", remedy=error.remedy) from error
    return variable


def _check_use(turns: tuple[Turn, ...], variables: Mapping[str, Variable], file: str) -> None:
    """Raise unless the text uses the declared variables, all of them and no others."""
    used: set[str] = set()
    for turn in turns:
        for name, line in names_in(turn.text, file=file, first_line=turn.line):
            if name not in variables:
                known = ", ".join(sorted(variables)) or "none"
                remedy = f"Declare it under variables, or use one of: {known}."
                raise InvalidFile(
                    f"{file}:{line} {name}", "{{" + name + "}}", "is not declared", remedy=remedy
                )
            used.add(name)
    for name in variables:
        if name not in used:
            remedy = "Use it in a message as {{" + name + "}}, or remove it."
            raise InvalidFile(f"{file} variables.{name}", name, "is declared but never used", remedy=remedy)


def _parameters(head: FrontMatter) -> Parameters:
    spec = head.parameters
    return Parameters(
        max_tokens=spec.max_tokens,
        temperature=spec.temperature,
        seed=spec.seed,
        stop=tuple(spec.stop),
        deadline_s=spec.deadline_s,
    )
