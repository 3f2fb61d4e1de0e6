"""One generated workspace, read back from its files as an importer would."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from samples.corpus import Corpus, build
from samples.generate import DEFAULT_END, DEFAULT_SEED, generate

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The parsed files of an export."""

    channels: list[Json]
    groups: list[Json]
    dms: list[Json]
    mpims: list[Json]
    users: list[Json]
    days: dict[str, dict[str, list[Json]]]

    def messages(self, folder: str) -> list[Json]:
        return [m for _, day in sorted(self.days[folder].items()) for m in day]

    @property
    def everything(self) -> list[Json]:
        return [m for folder in self.days for m in self.messages(folder)]

    def user(self, username: str) -> Json:
        return next(u for u in self.users if u["name"] == username)

    def channel(self, name: str) -> Json:
        return next(c for c in self.channels + self.groups if c["name"] == name)


def read_export(path: Path) -> Export:
    days: dict[str, dict[str, list[Json]]] = {}
    with zipfile.ZipFile(path) as archive:
        files = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    for name, content in files.items():
        folder, _, day = name.rpartition("/")
        if folder:
            days.setdefault(folder, {})[day.removesuffix(".json")] = content
    tops = {n: files[f"{n}.json"] for n in ("channels", "groups", "dms", "mpims", "users")}
    return Export(**tops, days=days)


@pytest.fixture(scope="session")
def sample_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("samples") / "voltmoor.zip"
    generate(out)
    return out


@pytest.fixture(scope="session")
def sample(sample_zip: Path) -> Export:
    return read_export(sample_zip)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return build(seed=DEFAULT_SEED, end=DEFAULT_END)
