"""How fast and in how much memory a Slack export is imported.

    python -m benchmarks.import_slack 100000 1000000

For each size: writes a synthetic export to a temporary folder, imports it in a fresh process, and prints messages/s
and the peak resident memory of that process; the last line compares the peaks. The peer is the bare reading of the
same files with orjson, in the same run.
"""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

PEOPLE, CHANNELS, PER_FILE = 500, 50, 200
START = 1_700_000_000
WORDS = (
    "the",
    "build",
    "deploy",
    "of",
    "checkout",
    "is",
    "slow",
    "again",
    "could",
    "you",
    "look",
    "at",
    "queue",
    "friday",
)


def write_export(root: Path, messages: int, *, seed: int = 7) -> None:
    """Write an export of so many messages, file by file."""
    dice = random.Random(seed)
    people = [f"U{number:08d}" for number in range(PEOPLE)]
    _write(
        root / "users.json", [{"id": id, "team_id": "T1", "name": id.lower(), "profile": {}} for id in people]
    )
    channels = [f"channel-{number}" for number in range(CHANNELS)]
    _write(
        root / "channels.json",
        [
            {"id": f"C{number:08d}", "name": name, "members": dice.sample(people, 60)}
            for number, name in enumerate(channels)
        ],
    )
    per_channel, left = -(-messages // CHANNELS), messages
    for name in channels:
        count = min(per_channel, left)
        left -= count
        _write_channel(root / name, count, people, dice)


def _write_channel(folder: Path, count: int, people: list[str], dice: random.Random) -> None:
    folder.mkdir(parents=True)
    at, root = float(START), ""
    for first in range(0, count, PER_FILE):
        day: list[dict[str, object]] = []
        for _ in range(min(PER_FILE, count - first)):
            at += dice.expovariate(1 / 300)
            day.append(_message(f"{at:.6f}", root, people, dice))
            if dice.random() < 0.2:
                root = f"{at:.6f}"
        date = time.strftime("%Y-%m-%d", time.gmtime(START + first // PER_FILE * 86_400))
        _write(folder / f"{date}.json", day)


def _message(ts: str, root: str, people: list[str], dice: random.Random) -> dict[str, object]:
    text = " ".join(dice.choices(WORDS, k=dice.randint(3, 40)))
    if dice.random() < 0.15:
        text += f" <@{dice.choice(people)}> see <https://example.com/{ts}|the ticket> &amp; reply"
    message: dict[str, object] = {
        "type": "message",
        "user": dice.choice(people),
        "text": text,
        "ts": ts,
        "client_msg_id": f"{dice.getrandbits(128):032x}",
        "team": "T1",
        "blocks": [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
            }
        ],
    }
    if root and dice.random() < 0.4:
        message["thread_ts"] = root
    if dice.random() < 0.1:
        message["reactions"] = [{"name": "thumbsup", "users": dice.sample(people, 2), "count": 2}]
    return message


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def read_bare(root: Path) -> float:
    """Return the seconds it takes to read and parse the files, and nothing else."""
    started = time.perf_counter()
    for path in root.glob("*/*.json"):
        orjson.loads(path.read_bytes())
    return time.perf_counter() - started


async def import_once(root: Path, home: Path) -> None:
    """Import an export into fresh files and print count, seconds and peak memory in MiB."""
    from core.clock import SystemClock
    from core.database import Database
    from core.directory import Directory
    from core.events.sqlite import SqliteEventLog
    from gateway.importers.slack.pipeline import SlackImport
    from summarize.intake import Intake, NothingDerived
    from summarize.store import MessageStore

    gc.freeze()  # as the command does
    clock = SystemClock()
    database = await Database.open(f"sqlite+aiosqlite:///{home / 'catchup.db'}")
    events = SqliteEventLog(home / "events.db")
    intake = Intake(store=MessageStore(database), invalidator=NothingDerived(), clock=clock)
    importer = SlackImport(directory=Directory(database), intake=intake, events=events, clock=clock)
    try:
        for _ in range(2):
            cpu = time.process_time()
            report = await importer.run(root)
            cpu = time.process_time() - cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            counts = (report.read, report.imported, report.unchanged, report.counts["events"])
            print(*counts, report.seconds, cpu, peak, flush=True)
    finally:
        await events.close()
        await database.close()


def main(sizes: list[int]) -> None:
    """Print one line per size, and how the peak grew from the first to the last."""
    peaks: list[float] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            root, home = Path(folder, "export"), Path(folder, "home")
            write_export(root, size)
            home.mkdir()
            bare = read_bare(root)
            command = [sys.executable, "-m", "benchmarks.import_slack", "--child", str(root), str(home)]
            lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
            for name, line in zip(("import", "again"), lines, strict=True):
                read, new, unchanged, events, seconds, cpu, peak = (float(value) for value in line.split())
                print(
                    f"{name:7}{read:>10,.0f} messages ({new:,.0f} new, {unchanged:,.0f} unchanged),"
                    f" {events:,.0f} events,"
                    f" {seconds:7.1f} s {read / seconds:7,.0f}/s, {read / cpu:7,.0f} per CPU second,"
                    f" peak {peak:4.0f} MiB, {seconds / bare:5.1f} x bare reading",
                    flush=True,
                )
            peaks.append(peak)
    if len(peaks) > 1:
        print(f"peak grew by {peaks[-1] - peaks[0]:.0f} MiB from {sizes[0]:,} to {sizes[-1]:,} messages")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        asyncio.run(import_once(Path(sys.argv[2]), Path(sys.argv[3])))
    else:
        main([int(argument) for argument in sys.argv[1:]] or [100_000])
