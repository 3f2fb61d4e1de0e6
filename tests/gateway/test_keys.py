from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.audit import verify as verify_audit
from core.clock import ManualClock
from core.database import Database
from core.errors import InvalidInput, NotAuthenticated, NotFound
from core.ids import SequentialIds, WorkspaceId
from gateway.auth import Scope, Token, hash_secret, parse_bearer
from gateway.keys import REMEMBER, Keys, api_keys

ACME, OTHER = WorkspaceId("T_ACME"), WorkspaceId("T_OTHER")


@pytest.fixture
def keys(database: Database, clock: ManualClock, ids: SequentialIds) -> Keys:
    return Keys(database, clock, ids)


def token_of(text: str) -> Token:
    return parse_bearer(f"Bearer {text}")


async def test_a_new_key_opens_its_workspace_with_its_scopes(keys: Keys):
    key, text = await keys.create(ACME, "chat client", [Scope.SUMMARIES, Scope.EVENTS])

    verified = await keys.verify(token_of(text))

    assert (verified.id, verified.workspace, verified.name) == (key.id, ACME, "chat client")
    assert verified.scopes == {Scope.SUMMARIES, Scope.EVENTS}


async def test_only_the_hash_of_the_secret_is_stored(keys: Keys, database: Database):
    _, text = await keys.create(ACME, "x", [Scope.ADMIN])

    async with database.reading() as connection:
        row = (await connection.execute(select(api_keys))).mappings().one()

    secret = text.split("_", 2)[2]
    assert len(secret) >= 43  # 256 bits
    assert secret not in str(dict(row))
    assert row["hash"] == hash_secret(secret)


async def test_two_keys_have_nothing_in_common(keys: Keys):
    _, one = await keys.create(ACME, "x", [Scope.ADMIN])
    _, two = await keys.create(ACME, "x", [Scope.ADMIN])

    assert one != two
    mixed = f"{one.rsplit('_', 1)[0]}_{two.split('_', 2)[2]}"

    with pytest.raises(NotAuthenticated):
        await keys.verify(token_of(mixed))


async def test_a_revoked_key_is_refused_at_once_in_this_process(keys: Keys):
    key, text = await keys.create(ACME, "x", [Scope.ADMIN])
    await keys.verify(token_of(text))

    revoked = await keys.revoke(ACME, key.id)

    assert revoked.revoked_at is not None
    with pytest.raises(NotAuthenticated):
        await keys.verify(token_of(text))


async def test_a_revocation_elsewhere_is_seen_within_two_seconds(
    keys: Keys, database: Database, clock: ManualClock, ids: SequentialIds
):
    key, text = await keys.create(ACME, "x", [Scope.ADMIN])
    await keys.verify(token_of(text))
    await Keys(database, clock, ids).revoke(ACME, key.id)

    clock.advance(REMEMBER)

    assert timedelta(seconds=2) >= REMEMBER
    with pytest.raises(NotAuthenticated):
        await keys.verify(token_of(text))


async def test_a_key_cannot_be_revoked_or_seen_from_another_workspace(keys: Keys):
    key, text = await keys.create(ACME, "x", [Scope.ADMIN])

    with pytest.raises(NotFound, match=key.id):
        await keys.revoke(OTHER, key.id)

    assert await keys.list(OTHER) == []
    assert (await keys.verify(token_of(text))).id == key.id


async def test_revoking_twice_keeps_the_first_moment(keys: Keys, clock: ManualClock):
    key, _ = await keys.create(ACME, "x", [Scope.ADMIN])
    first = await keys.revoke(ACME, key.id)
    clock.advance(timedelta(hours=1))

    second = await keys.revoke(ACME, key.id)

    assert second.revoked_at == first.revoked_at


async def test_use_is_noted_at_most_once_a_minute(keys: Keys, clock: ManualClock):
    _, text = await keys.create(ACME, "x", [Scope.ADMIN])
    start = clock.now()
    await keys.verify(token_of(text))
    clock.advance(timedelta(seconds=30))
    await keys.verify(token_of(text))

    noted = (await keys.list(ACME))[0].last_used_at
    clock.advance(timedelta(seconds=30))
    await keys.verify(token_of(text))

    assert noted == start
    assert (await keys.list(ACME))[0].last_used_at == clock.now()


async def test_a_key_without_scopes_is_not_made(keys: Keys):
    with pytest.raises(InvalidInput, match="scope"):
        await keys.create(ACME, "x", [])


async def test_making_and_revoking_keys_is_audited(keys: Keys, database: Database):
    key, _ = await keys.create(ACME, "x", [Scope.ADMIN])
    await keys.revoke(ACME, key.id)

    assert await verify_audit(database) == 2
