from __future__ import annotations

import grpc
import orjson
import pytest

from core import errors
from core.errors import CatchupError, InvalidInput, leaves
from gateway.rpc.status import STATUS as GRPC_STATUS
from gateway.rpc.status import code_of, trailer_of
from gateway.web.problems import STATUS, TITLES, harmless, internal, of_error, of_status, of_validation


@pytest.mark.parametrize("kind", leaves(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_is_in_both_tables(kind: type[CatchupError]):
    assert kind in STATUS
    assert kind in GRPC_STATUS
    assert kind.kind in TITLES


def test_the_doors_blame_the_same_side():
    blames_caller = {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }

    assert all((STATUS[kind] < 500) == (GRPC_STATUS[kind] in blames_caller) for kind in leaves())


def test_an_invalid_input_names_field_value_and_remedy():
    problem = of_error(InvalidInput("k", 900, "is more than 50", remedy="Ask for at most 50."))

    body = orjson.loads(problem.body("req_1"))

    assert body == {
        "type": "/docs#invalid-input",
        "title": "The request has a field that cannot be used",
        "status": 422,
        "kind": "invalid-input",
        "detail": "k: is more than 50 (got 900).",
        "remedy": "Ask for at most 50.",
        "request_id": "req_1",
        "errors": [{"field": "k", "value": "900"}],
    }


def test_an_error_without_an_entry_of_its_own_gets_its_parents():
    class ModelIsMoody(errors.ModelRefused):
        pass

    error = ModelIsMoody("not today", status=500)

    assert of_error(error).status == 502
    assert code_of(error) is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("kind", [errors.RateLimited, errors.ModelOverloaded])
def test_who_is_turned_away_is_told_when_to_come_back(
    kind: type[errors.RateLimited | errors.ModelOverloaded],
):
    error = kind("too much", retry_after_s=2.2)

    assert of_error(error).headers == {"Retry-After": "3"}
    assert ("grpc-retry-pushback-ms", "2201") in trailer_of(error, "req_1")


def test_an_unexpected_error_says_nothing_of_itself():
    body = orjson.loads(internal().body("req_1"))

    assert (body["status"], body["kind"], body["request_id"]) == (500, "internal", "req_1")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (900, 900),
        (None, None),
        ("channel_browser", "channel_browser"),
        ("we decided to fire Bob", "text of 22 characters"),
        ("geheim\n", "text of 7 characters"),
        ({"text": "we decided"}, "dict"),
        (["we decided"], "list"),
    ],
)
def test_a_value_is_shown_only_if_it_cannot_be_what_somebody_wrote(value: object, shown: object):
    assert harmless(value) == shown


def test_a_field_of_a_body_is_named_by_its_path():
    problem = of_validation(
        [{"loc": ("body", "events", 3, "kind"), "msg": "Field required", "type": "missing", "input": {}}]
    )

    assert (problem.status, problem.detail) == (422, "events.3.kind: Field required.")
    assert problem.fields == [{"field": "events.3.kind", "problem": "Field required", "value": "dict"}]


def test_a_plain_status_becomes_a_problem_too():
    assert of_status(405, headers={"Allow": "GET"}).headers == {"Allow": "GET"}
    assert of_status(418).kind == "not-acceptable"
