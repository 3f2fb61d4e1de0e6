"""The house keeps its own rules, and the docs keep up with the code."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ["core", "prompts", "summarize", "prompt_eval", "recommend", "gpu", "gateway"]
SOURCES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "_pb2" not in path.name and "migrations" not in path.parts and path.read_text().strip()
]
README = (ROOT / "README.md").read_text()


def functions(path: Path) -> list[tuple[str, int]]:
    """Return the name and length in lines of each function of a file."""
    found = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in found]


def test_no_file_is_longer_than_400_lines_and_half_are_shorter_than_120():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}

    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
    assert statistics.median(lengths.values()) <= 120


def test_no_function_is_longer_than_50_lines_and_half_are_shorter_than_10():
    lengths = {
        f"{path.relative_to(ROOT)}:{name}": lines for path in SOURCES for name, lines in functions(path)
    }

    assert {name: lines for name, lines in lengths.items() if lines > 50} == {}
    assert statistics.median(lengths.values()) <= 10


def test_every_direct_dependency_is_justified():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    table = (ROOT / "docs" / "dependencies.md").read_text()

    names = [re.split(r"[\[<>=]", line)[0] for line in project["dependencies"]]

    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", table)] == []


def test_every_locked_version_is_exact():
    for lock in ("requirements.lock", "requirements-dev.lock", "requirements-vllm.lock"):
        lines = [line for line in (ROOT / lock).read_text().splitlines() if line and line[0].isalpha()]

        assert len(lines) > 20
        assert [line for line in lines if "==" not in line] == []


def test_the_locks_name_no_host_and_no_local_path():
    for lock in ROOT.glob("*.lock"):
        assert not re.search(r"https?://|file://|--index|--find-links|/opt/", lock.read_text()), lock.name


def test_what_runs_is_locked_alike_in_both_locks():
    def versions(name: str) -> dict[str, str]:
        lines = [line for line in (ROOT / name).read_text().splitlines() if re.match(r"[a-zA-Z0-9]", line)]
        return dict(line.split("==", 1) for line in lines)

    runtime, development = versions("requirements.lock"), versions("requirements-dev.lock")

    assert {name: version for name, version in runtime.items() if development.get(name) != version} == {}


def test_the_readme_is_short_and_runs_by_line_25():
    prose = re.sub(r"```.*?```|\|.*\|", "", README, flags=re.DOTALL)

    assert len(prose.split()) <= 550
    assert any("make run" in line for line in README.splitlines()[:25])


def test_every_make_target_and_program_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))

    assert set(re.findall(r"make ([a-z-]+)", README)) <= targets
    for module in re.findall(r"python -m ([\w.]+)", README):
        assert (ROOT / (module.replace(".", "/") + ".py")).exists(), module


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_docs_leads_somewhere(document: Path):
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_top_level_folder_has_its_line_in_the_readme():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folders = {
        line.split("/")[0] for line in tracked.splitlines() if "/" in line and not line.startswith(".")
    }

    assert {folder for folder in folders if f"`{folder}/`" not in README} == set()


def test_decisions_are_numbered_without_gaps():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))

    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))
