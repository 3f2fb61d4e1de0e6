from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from core.ids import WorkspaceId
from gateway.auth import Caller, Scope, hash_secret, parse_bearer, parse_scopes

SECRET = "s" * 20 + "_-" + "9" * 21


def caller(*scopes: Scope, user: str | None = None) -> Caller:
    return Caller(workspace=WorkspaceId("W"), key="k", scopes=frozenset(scopes), user=user)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_is_taken_apart_whatever_the_case_of_the_scheme(scheme: str):
    token = parse_bearer(f"{scheme} ck_abc123_{SECRET}")

    assert (token.id, token.hash) == ("abc123", hash_secret(SECRET))


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "ck_abc_def"])
def test_a_missing_key_is_said_to_be_missing(header: str | None):
    with pytest.raises(NotAuthenticated) as raised:
        parse_bearer(header)

    assert "catchup keys create" in raised.value.remedy


@given(st.text(max_size=200))
def test_any_other_text_is_refused_and_never_repeated(text: str):
    with pytest.raises(NotAuthenticated) as raised:
        parse_bearer(f"Bearer ck_{text}")

    assert len(text) < 8 or text not in str(raised.value)


def test_a_token_does_not_show_in_its_repr():
    token = parse_bearer(f"Bearer ck_abc123_{SECRET}")

    assert repr(token) == "Token(abc123)"


def test_a_scope_opens_only_its_own_door_and_admin_all():
    caller(Scope.SUMMARIES).require(Scope.SUMMARIES)
    caller(Scope.ADMIN).require(Scope.PROMPTS_WRITE)

    with pytest.raises(NotPermitted, match="prompts:write"):
        caller(Scope.PROMPTS_READ).require(Scope.PROMPTS_WRITE)


def test_the_acting_user_comes_from_the_body_or_the_header():
    assert caller(user="@ana").acting() == "@ana"
    assert caller().acting("@ana") == "@ana"
    assert caller(user="@ana").acting("@ana") == "@ana"


def test_two_acting_users_or_none_are_refused():
    with pytest.raises(InvalidInput, match="X-Catchup-User"):
        caller(user="@ana").acting("@ben")
    with pytest.raises(InvalidInput, match="user: is missing"):
        caller().acting()


def test_an_unknown_scope_is_named_with_the_known_ones():
    with pytest.raises(InvalidInput, match="summaries, recommendations"):
        parse_scopes(["summaries", "everything"])
