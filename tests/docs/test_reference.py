"""The reference pages name everything there is, as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import leaves
from gateway.cli.main import COMMANDS, EXIT_CODES
from gateway.proto.catchup.v1 import catchup_pb2
from gateway.rpc.status import STATUS as GRPC
from gateway.settings import PREFIX, Settings
from gateway.web.problems import STATUS

PAGES = Path(__file__).parent.parent.parent / "docs" / "reference"


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


def rows(name: str) -> dict[str, list[str]]:
    """Return the cells of each table row by its first one."""
    lines = [line for line in page(name).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {row[0].strip("`"): row for row in cells}


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_there_with_its_default_and_what_it_sets(name: str):
    field = Settings.model_fields[name]

    row = rows("settings")[PREFIX + name.upper()]

    default = "" if field.default in ("", None) else f"`{field.default}`".replace(".0`", "`")
    assert row[1] == default
    assert (field.description or "").split(".")[0].split(";")[0] in row[2]


def test_no_setting_is_described_that_is_not_there():
    described = {name for name in rows("settings") if name.startswith(PREFIX)}

    assert described == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("kind", leaves(), ids=lambda kind: kind.kind)
def test_every_kind_of_error_is_there_with_its_statuses(kind: type):
    row = rows("errors")[kind.kind]

    assert row[1].split()[0] == str(STATUS[kind])
    assert row[2] == GRPC[kind].name


def test_every_exit_code_is_there():
    codes = {int(code) for code in rows("errors") if code.isdigit()}

    assert codes == {1, *EXIT_CODES.values()}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_is_there(command: str):
    assert f"`catchup {command}" in page("cli")


def test_every_grpc_method_is_there():
    methods = [
        f"{service.full_name}/{method.name}"
        for service in catchup_pb2.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]

    assert [name for name in methods if name not in page("grpc")] == []


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path: Path):
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []
