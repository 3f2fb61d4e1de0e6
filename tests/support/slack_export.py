"""Slack exports made by hand: every shape that Slack's export has, and every way it was seen broken."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TEAM = "T0AAAAAAA"
ANNA, BEN, GUEST, GONE = "U0ANNA000", "U0BEN0000", "U0GUEST00", "U0GONE000"
BOT_USER, BOT = "U0ROBOT00", "B0ROBOT00"
GENERAL, SECRET, DIRECT, GROUP = "C0GENERAL", "G0SECRET0", "D0DIRECT0", "G0GROUP00"
NOON = 1_772_452_800  # 2026-03-02 12:00 UTC


def ts(seconds: int, fraction: int = 0) -> str:
    """A Slack ts, so many seconds after 2026-03-02 12:00 UTC."""
    return f"{NOON + seconds}.{fraction:06d}"


def user(id: str, name: str, **more: Any) -> dict[str, Any]:
    """An entry of users.json."""
    profile = {"real_name": name.title(), "display_name": name, **more.pop("profile", {})}
    return {
        "id": id,
        "team_id": TEAM,
        "name": name,
        "deleted": False,
        "is_bot": False,
        "profile": profile,
        **more,
    }


def said(seconds: int, text: str, by: str = ANNA, **more: Any) -> dict[str, Any]:
    """A message."""
    return {"type": "message", "user": by, "text": text, "ts": ts(seconds), **more}


def channel(id: str, name: str, members: Sequence[str], **more: Any) -> dict[str, Any]:
    """An entry of channels.json or groups.json."""
    return {
        "id": id,
        "name": name,
        "created": NOON - 86_400,
        "creator": ANNA,
        "is_archived": False,
        "members": list(members),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        **more,
    }


PEOPLE = (
    user(ANNA, "anna"),
    user(BEN, "ben"),
    user(GUEST, "gil", is_restricted=True, is_ultra_restricted=True),
    user(GONE, "gone", deleted=True),
    user(BOT_USER, "robot", is_bot=True, profile={"bot_id": BOT}),
)


@dataclass(slots=True, kw_only=True)
class SlackExport:
    """An export in the making: values become JSON, bytes stay as they are."""

    users: Any = field(default_factory=lambda: list(PEOPLE))
    channels: Any = field(default_factory=lambda: [channel(GENERAL, "general", [ANNA, BEN])])
    groups: Any = field(default_factory=lambda: [channel(SECRET, "secret", [ANNA])])
    dms: Any = field(default_factory=lambda: [{"id": DIRECT, "created": NOON, "members": [ANNA, BEN]}])
    mpims: Any = field(default_factory=lambda: [channel(GROUP, "mpdm-anna--ben--gil-1", [ANNA, BEN, GUEST])])
    files: dict[str, Any] = field(default_factory=dict[str, Any])

    def day(self, folder: str, messages: Any, date: str = "2026-03-02") -> SlackExport:
        """Add a day file; returns self."""
        self.files[f"{folder}/{date}.json"] = messages
        return self

    def contents(self) -> Mapping[str, bytes]:
        """Every file by its path."""
        listings = {
            "users.json": self.users,
            "channels.json": self.channels,
            "groups.json": self.groups,
            "dms.json": self.dms,
            "mpims.json": self.mpims,
        }
        every = {name: value for name, value in listings.items() if value is not None} | self.files
        return {name: _bytes(value) for name, value in every.items()}

    def to_folder(self, root: Path) -> Path:
        """Write it as a directory."""
        for name, data in self.contents().items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return root

    def to_zip(self, path: Path, *, inside: str = "") -> Path:
        """Write it as a zip, under a top folder if one is named."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in self.contents().items():
                archive.writestr(f"{inside}/{name}" if inside else name, data)
        return path


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, indent=4, ensure_ascii=False).encode()
