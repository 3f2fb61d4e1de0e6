from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import NotAuthenticated, NotPermitted
from core.ids import UserId, WorkspaceId
from gateway.console.sessions import LIFETIME, Seal

SEAL = Seal(b"a secret of this test")


def test_a_session_comes_back_from_its_cookie(clock: ManualClock):
    session = SEAL.start(WorkspaceId("T1"), "key1", clock.now()).acting_as(UserId("U1"))

    assert SEAL.read(SEAL.write(session), clock.now()) == session


@pytest.mark.parametrize("damage", ["", "x", "x.y", ".", "a.b.c", "é.ü"])
def test_what_is_no_cookie_of_ours_opens_nothing(clock: ManualClock, damage: str):
    with pytest.raises(NotAuthenticated):
        SEAL.read(damage, clock.now())


def test_a_changed_cookie_opens_nothing(clock: ManualClock):
    cookie = SEAL.write(SEAL.start(WorkspaceId("T1"), "key1", clock.now()))
    other = SEAL.write(SEAL.start(WorkspaceId("T2"), "key1", clock.now()))
    forged = f"{other.partition('.')[0]}.{cookie.partition('.')[2]}"

    with pytest.raises(NotAuthenticated):
        SEAL.read(forged, clock.now())


def test_another_installation_accepts_no_session_of_ours(clock: ManualClock):
    cookie = SEAL.write(SEAL.start(WorkspaceId("T1"), "key1", clock.now()))

    with pytest.raises(NotAuthenticated):
        Seal(b"another secret").read(cookie, clock.now())


def test_a_session_ends(clock: ManualClock):
    cookie = SEAL.write(SEAL.start(WorkspaceId("T1"), "key1", clock.now()))

    clock.advance(LIFETIME - timedelta(seconds=1))
    SEAL.read(cookie, clock.now())
    clock.advance(timedelta(seconds=1))

    with pytest.raises(NotAuthenticated):
        SEAL.read(cookie, clock.now())


def test_the_token_of_one_session_is_no_good_in_another(clock: ManualClock):
    mine, theirs = (SEAL.start(WorkspaceId("T1"), "key1", clock.now()) for _ in range(2))

    SEAL.check_csrf(mine, SEAL.csrf(mine))
    for token in (SEAL.csrf(theirs), "", "ü"):
        with pytest.raises(NotPermitted):
            SEAL.check_csrf(mine, token)


def test_the_secret_is_made_once_and_nobody_else_may_read_it(tmp_path: Path, clock: ManualClock):
    first = Seal.kept_in(tmp_path / "home")
    cookie = first.write(first.start(WorkspaceId("T1"), "key1", clock.now()))

    again = Seal.kept_in(tmp_path / "home")

    assert again.read(cookie, clock.now()).key == "key1"
    assert stat.S_IMODE((tmp_path / "home" / "console.secret").stat().st_mode) == 0o600
