"""The release train: one road for prompt versions and trained rankers (docs/decisions/0001-core.md).

    draft -> evaluated -> gated -> shadow -> canary 5% -> canary 50% -> live -> retired

Everything here is pure: values and the rules by which they move. `core/release_store.py` keeps them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

import orjson

from core.errors import Conflict, InvalidInput, VerdictRequired
from core.ids import VersionId
from core.statistics import Interval

Digest = NewType("Digest", str)
"""A SHA-256 in hex."""


class ArtifactKind(StrEnum):
    """What travels on the train."""

    PROMPT = "prompt"
    RANKER = "ranker"


class Stage(StrEnum):
    """How far a version has come."""

    DRAFT = "draft"
    EVALUATED = "evaluated"
    GATED = "gated"
    SHADOW = "shadow"
    CANARY_5 = "canary-5"
    CANARY_50 = "canary-50"
    LIVE = "live"
    RETIRED = "retired"
    ROLLED_BACK = "rolled-back"


class Decision(StrEnum):
    """What a gate can say."""

    PASS = "PASS"  # noqa: S105  not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


TRAFFIC: Mapping[Stage, float] = {Stage.CANARY_5: 0.05, Stage.CANARY_50: 0.5, Stage.LIVE: 1.0}
"""The share of workspaces that get a version at a stage; 0 where none is named."""

_ROAD = (Stage.DRAFT, Stage.EVALUATED, Stage.GATED, Stage.SHADOW, Stage.CANARY_5, Stage.CANARY_50, Stage.LIVE)
_OFF = frozenset({Stage.RETIRED, Stage.ROLLED_BACK})
_ONLINE = frozenset({Stage.SHADOW, Stage.CANARY_5, Stage.CANARY_50, Stage.LIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """An immutable thing that can be released, named by its content."""

    kind: ArtifactKind
    name: str
    version: VersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The exact things a judgement was made with: change one and it no longer counts."""

    artifact: VersionId
    baseline: VersionId | None
    dataset: Digest
    model: str
    judge: str = ""
    scorers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Baseline and candidate side by side over a pinned dataset: paired differences by metric."""

    bounds: Bounds
    differences: Mapping[str, Interval]
    constraints: Mapping[str, bool] = field(default_factory=dict[str, bool])


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a candidate must show: each metric not worse by its margin, every hard constraint kept.

    A margin of 0 asks for superiority. Fewer than `min_cases` cases never PASS: one case has no spread.
    """

    margins: Mapping[str, float]
    constraints: frozenset[str] = frozenset()
    min_cases: int = 2

    def __post_init__(self) -> None:
        if not self.margins and not self.constraints:
            raise InvalidInput("margins", {}, "asks for nothing", remedy="Name at least one metric.")
        for name, margin in self.margins.items():
            if not 0 <= margin < float("inf"):
                raise InvalidInput(
                    f"margins.{name}",
                    margin,
                    "is not a margin",
                    remedy="Use 0 (superior) or a positive number.",
                )
        if self.min_cases < 2:
            raise InvalidInput("min_cases", self.min_cases, "is below 2", remedy="One case shows no spread.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision with its reasons, bound to what it was computed from."""

    decision: Decision
    reasons: tuple[str, ...]
    bounds: Bounds
    policy: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's word in place of a Verdict: needs a name and a reason, and is audited."""

    author: str
    reason: str

    def __post_init__(self) -> None:
        for name, value in (("author", self.author), ("reason", self.reason)):
            if not value.strip():
                raise InvalidInput(name, value, "is empty", remedy="Say who overrides the gate, and why.")


Authority = Verdict | Override


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Where an artifact stands."""

    artifact: Artifact
    stage: Stage
    since: datetime
    by: str
    reason: str = ""


def digest(value: object) -> Digest:
    """Return the SHA-256 of a value's canonical JSON: sorted keys, no white space."""
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_plain)
    return Digest(hashlib.sha256(data).hexdigest())


def gate(evidence: Evidence, policy: Policy) -> Verdict:
    """Return PASS if every metric is shown non-inferior and every constraint held; say why otherwise.

    FAIL: a constraint broke, or an interval lies wholly below its margin. INCONCLUSIVE: one straddles it.
    """
    broken = [
        f"constraint {name} does not hold"
        for name in sorted(policy.constraints)
        if not evidence.constraints.get(name, False)
    ]
    found = [_judge(name, evidence.differences.get(name), policy) for name in policy.margins]
    decisions = {decision for decision, _ in found}
    if broken or Decision.FAIL in decisions:
        decision = Decision.FAIL
    else:
        decision = Decision.INCONCLUSIVE if Decision.INCONCLUSIVE in decisions else Decision.PASS
    reasons = (*broken, *(reason for _, reason in found))
    return Verdict(decision=decision, reasons=reasons, bounds=evidence.bounds, policy=digest(asdict(policy)))


def advance(release: Release, to: Stage, authority: Authority, *, at: datetime, by: str) -> Release:
    """Return the release one or more stages further, on the authority of a PASS or a person's override.

    A retired version may board again on either; one that was rolled back only on a person's word, for what was
    seen online outweighs the Verdict from before. Raises VerdictRequired unless the Verdict is a PASS for this
    version; Conflict for a step back.
    """
    if not _is_ahead(release.stage, to):
        raise Conflict(
            f"{release.artifact.version} is {release.stage}; it cannot advance to {to}.",
            remedy="Stages only go forward; use rollback to go back.",
        )
    if isinstance(authority, Verdict):
        _must_count(authority, release)
    reason = authority.reason if isinstance(authority, Override) else "; ".join(authority.reasons)
    return replace(release, stage=to, since=at, by=by, reason=reason)


def roll_back(release: Release, *, at: datetime, by: str, reason: str) -> Release:
    """Return the release taken offline, with the reason. Raises Conflict if it is not online."""
    if release.stage not in _ONLINE:
        raise Conflict(
            f"{release.artifact.name}@{release.artifact.version} is {release.stage}, not online.",
            remedy="Only shadow, canary and live releases can be rolled back.",
        )
    return replace(release, stage=Stage.ROLLED_BACK, since=at, by=by, reason=reason)


def _is_ahead(now: Stage, to: Stage) -> bool:
    """Tell whether a stage lies ahead; what was taken off the train boards it anew, as a draft does."""
    start = _ROAD.index(Stage.DRAFT if now in _OFF else now)
    return to in _ROAD and _ROAD.index(to) > start


def _judge(name: str, difference: Interval | None, policy: Policy) -> tuple[Decision, str]:
    if difference is None:
        return Decision.INCONCLUSIVE, f"{name}: not measured"
    if difference.n < policy.min_cases:
        return Decision.INCONCLUSIVE, f"{name}: {difference.n} cases, the policy asks for {policy.min_cases}"
    margin = policy.margins[name]
    shown = f"{difference.estimate:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}], margin -{margin:g}"
    if difference.low > -margin:
        return Decision.PASS, f"{name}: not worse by the margin: {shown}"
    if difference.high < -margin:
        return Decision.FAIL, f"{name}: worse by more than the margin: {shown}"
    return Decision.INCONCLUSIVE, f"{name}: too few cases to tell: {shown}"


def _must_count(verdict: Verdict, release: Release) -> None:
    version = release.artifact.version
    if verdict.bounds.artifact != version:
        raise VerdictRequired(
            f"the Verdict is about version {verdict.bounds.artifact}, not {version}.",
            remedy="Evaluate and gate this version.",
        )
    if release.stage is Stage.ROLLED_BACK:
        raise VerdictRequired(
            f"{version} was rolled back ({release.reason}); a Verdict does not outweigh that.",
            remedy="Push a better version, or override with a reason.",
        )
    if verdict.decision is not Decision.PASS:
        raise VerdictRequired(
            f"the gate said {verdict.decision}: {'; '.join(verdict.reasons)}.",
            remedy="Improve the candidate or add cases; a person can override with a reason.",
        )


def _plain(value: object) -> object:
    if isinstance(value, (frozenset, set)):
        return sorted(str(entry) for entry in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(value)
