"""Write the sample workspace as a Slack export: `python -m samples.generate OUT [--seed N] [--end YYYY-MM-DD]`."""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

from samples.corpus import Corpus, build
from samples.markup import Json
from samples.render import bot_id, messages
from samples.timeline import utc_offset, zone_label
from samples.workspace import Channel, Person, slack_id

DEFAULT_SEED = 7
DEFAULT_END = date(2026, 6, 12)


def generate(out: Path, *, seed: int = DEFAULT_SEED, end: date = DEFAULT_END) -> None:
    """Write the export to `out`: a zip if it ends in .zip, else a directory; same seed and end, same bytes.

    `end` is the date of the last message, or an aware datetime that no message is later than.

    Raises:
        FileExistsError: if `out` is a directory that is not empty.
    """
    files = export(build(seed=seed, end=end))
    if out.suffix == ".zip":
        _write_zip(out, files)
        return
    if out.is_dir() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; give a new directory or a .zip")
    for name, content in files:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _write_zip(out: Path, files: Iterator[tuple[str, bytes]]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def _json(value: object) -> bytes:
    return json.dumps(value, indent=4, ensure_ascii=False).encode()


def export(corpus: Corpus) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the export: its path inside, and its bytes."""
    channels = corpus.world.workspace.channels
    kinds = {"channels.json": "channel", "groups.json": "group", "dms.json": "dm", "mpims.json": "mpim"}
    for name, kind in kinds.items():
        yield name, _json([_channel(corpus, key, c) for key, c in channels.items() if c.kind == kind])
    yield (
        "users.json",
        _json([_user(corpus, p) for p in corpus.world.workspace.people.values()] + [_slackbot(corpus)]),
    )
    yield "integration_logs.json", _json(_integrations(corpus))
    for key, channel in channels.items():
        folder = channel.id if channel.kind == "dm" else channel.name
        dated = ((f"{post.at:%Y-%m-%d}", message) for post, message in messages(corpus, key))
        for day, group in groupby(dated, key=lambda pair: pair[0]):
            yield f"{folder}/{day}.json", _json([message for _, message in group])


def _founded(corpus: Corpus) -> int:
    return int((corpus.world.timeline.end - timedelta(days=700)).timestamp())


def _channel(corpus: Corpus, key: str, channel: Channel) -> Json:
    people, today = corpus.world.workspace.people, corpus.world.timeline.today
    members = [people[h].id for h in channel.members(today)]
    created = _founded(corpus)
    if channel.kind == "dm":
        return {"id": channel.id, "created": created, "members": members}
    creator = people[channel.founders[0]].id
    about = {
        n: {"value": v, "creator": creator, "last_set": created}
        for n, v in (("topic", channel.topic), ("purpose", channel.purpose))
    }
    entry: Json = {"id": channel.id, "name": channel.name, "created": created, "creator": creator}
    entry |= {"is_archived": channel.archived is not None, "members": members, **about}
    if channel.kind == "channel":
        entry["is_general"] = channel.name == "general"
    pins = [p for p in corpus.posts[key] if "pin" in p.flags]
    if pins:
        entry["pins"] = [_pin(corpus, key, p.key, people[p.author].id) for p in pins]
    return entry


def _pin(corpus: Corpus, channel: str, key: str, user: str) -> Json:
    ts = corpus.stamps[key]
    kind = "G" if corpus.world.workspace.channels[channel].kind == "group" else "C"
    return {"id": ts, "type": kind, "created": int(float(ts)) + 60, "user": user, "owner": user}


def _user(corpus: Corpus, person: Person) -> Json:
    team, end = corpus.world.workspace.team["id"], corpus.world.timeline.end
    profile: Json = {
        "title": person.title,
        "phone": "",
        "real_name": person.name,
        "display_name": person.display,
    }
    profile |= {"status_text": "", "status_emoji": "", "team": team}
    entry: Json = {
        "id": person.id,
        "team_id": team,
        "name": person.username,
        "deleted": person.left is not None,
    }
    if person.bot:
        profile |= {"bot_id": bot_id(person.handle), "api_app_id": slack_id("A", person.handle)}
        entry |= {"real_name": person.name, "profile": profile, "is_bot": True}
        return entry | {
            "is_admin": False,
            "is_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
        }
    profile["email"] = f"{person.username}@voltmoor.example"
    if person.left is None:
        offset = int(utc_offset(person.tz, end.date()).total_seconds())
        entry |= {
            "real_name": person.name,
            "tz": person.tz,
            "tz_label": zone_label(person.tz),
            "tz_offset": offset,
        }
    entry |= {
        "profile": profile,
        "is_admin": person.admin,
        "is_owner": person.owner,
        "is_primary_owner": person.owner,
    }
    entry |= {
        "is_restricted": bool(person.guest),
        "is_ultra_restricted": person.guest == "single",
        "is_bot": False,
    }
    return entry | {"is_app_user": False, "updated": _founded(corpus)}


def _slackbot(corpus: Corpus) -> Json:
    team = corpus.world.workspace.team["id"]
    profile = {"real_name": "Slackbot", "display_name": "Slackbot", "team": team}
    entry: Json = {
        "id": "USLACKBOT",
        "team_id": team,
        "name": "slackbot",
        "deleted": False,
        "real_name": "Slackbot",
    }
    return entry | {
        "profile": profile,
        "is_bot": False,
        "is_admin": False,
        "tz": "America/Los_Angeles",
        "tz_offset": -25200,
    }


def _integrations(corpus: Corpus) -> list[Json]:
    people = corpus.world.workspace.people
    owner, date_ = people["noor"], str(_founded(corpus))
    entry: Json = {"user_id": owner.id, "user_name": owner.username, "date": date_, "change_type": "added"}
    return [entry | {"app_id": slack_id("A", p.handle), "app_type": p.name} for p in people.values() if p.bot]


def _end(text: str) -> date:
    """Return `2026-06-12`, or `2026-06-12T09:30+00:00`, as a date or an aware datetime."""
    if len(text) == len("2026-06-12"):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m samples.generate", description="Write the sample Slack export."
    )
    parser.add_argument("out", type=Path, help="a new directory, or a file ending in .zip")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument(
        "--end", type=_end, default=DEFAULT_END, help="date of the last message, or a moment (ISO 8601)"
    )
    options = parser.parse_args(arguments)
    generate(options.out, seed=options.seed, end=options.end)
    print(f"Wrote the sample workspace to {options.out}")


if __name__ == "__main__":
    main()
