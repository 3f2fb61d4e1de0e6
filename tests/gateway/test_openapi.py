from __future__ import annotations

import re
from typing import Any

import pytest

from core.errors import leaves
from gateway.app import Services
from gateway.web.app import create_app
from gateway.web.docs import fields, groups, prose, render, type_of
from tests.gateway.conftest import MakeKey
from tests.support.server import bearer, running

pytestmark = pytest.mark.slow

METHODS = {"get", "put", "post", "delete", "patch"}
PUBLIC = {"/healthz", "/readyz", "/metrics"}


@pytest.fixture
def document(services: Services) -> dict[str, Any]:
    return create_app(services).openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def lacking(document: dict[str, Any], has: Any) -> list[str]:
    return [
        f"{method} {path}" for method, path, operation in operations(document) if not has(path, operation)
    ]


def test_every_route_says_what_it_does_and_belongs_to_a_described_group(document: dict[str, Any]):
    groups = {tag["name"] for tag in document["tags"]}

    assert lacking(document, lambda _, o: o.get("summary") and o.get("description")) == []
    assert lacking(document, lambda _, o: set(o.get("tags", [])) & groups) == []


def test_every_route_but_health_needs_a_key(document: dict[str, Any]):
    assert lacking(document, lambda path, o: path in PUBLIC or o.get("security") == [{"ApiKey": []}]) == []
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_every_route_lists_the_errors_it_can_answer(document: dict[str, Any]):
    def told(path: str, operation: dict[str, Any]) -> bool:
        wanted = {"500", "503"} | (set() if path in PUBLIC else {"401", "403", "404", "429"})
        wanted |= {"400", "413", "422"} if "requestBody" in operation else set()
        return wanted <= operation["responses"].keys()

    assert lacking(document, told) == []


def test_every_error_that_is_listed_is_a_problem(document: dict[str, Any]):
    def problems(_: str, operation: dict[str, Any]) -> bool:
        return all(
            "application/problem+json" in answer["content"]
            for status, answer in operation["responses"].items()
            if status[0] in "45" and operation["tags"] != ["operations"]
        )

    assert lacking(document, problems) == []


def test_every_body_shows_an_example(document: dict[str, Any]):
    shown = {o["path"]: o["example"] for g in groups(document) for o in g["operations"] if o["fields"]}

    assert [path for path, example in shown.items() if not example] == []


def test_every_reference_within_the_document_leads_somewhere(document: dict[str, Any]):
    found = set(re.findall(r"'\$ref': '([^']+)'", str(document)))
    there = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert found - there == set()


def test_the_reference_page_needs_nothing_from_elsewhere_and_shows_every_route_and_error(
    document: dict[str, Any],
):
    page = render(document)

    assert re.findall(r'(?:src|href)="(?!/|#|data:)', page) == []
    assert all(f"<code>{path}</code>" in page for _, path, _ in operations(document))
    assert all(f'id="{error.kind}"' in page for error in leaves())


async def test_the_reference_and_the_document_are_served(services: Services, make_key: MakeKey):
    async with running(services) as client:
        async with client.get("/docs") as page, client.get("/docs/reference.css") as style:
            texts = (await page.text(), await style.text())
        async with client.get("/openapi.json") as answer:
            document = await answer.json()

    assert "/v1/recommendations" in texts[0]
    assert "--ink" in texts[1]
    assert document["openapi"].startswith("3.1")


def test_types_are_told_in_a_few_words():
    document = {
        "components": {"schemas": {"Detail": {"enum": ["brief", "full"]}, "Item": {"properties": {}}}}
    }

    assert type_of(document, {"$ref": "#/components/schemas/Detail"}) == "brief | full"
    assert (
        type_of(document, {"type": "array", "items": {"$ref": "#/components/schemas/Item"}})
        == "list of object"
    )
    assert type_of(document, {"anyOf": [{"type": "integer"}, {"type": "null"}]}) == "integer | null"
    assert type_of(document, {"type": "string", "format": "date-time"}) == "date-time"
    assert type_of(document, {}) == "any"


def test_a_field_is_listed_with_whether_it_must_be_there():
    schema = {"required": ["a"], "properties": {"a": {"type": "string", "description": "An a."}, "b": {}}}

    listed = [(field["name"], field["required"], field["description"]) for field in fields({}, schema)]

    assert listed == [("a", True, "An a."), ("b", False, "")]


def test_fields_of_objects_within_are_listed_by_their_path():
    document = {"components": {"schemas": {"Item": {"properties": {"text": {"type": "string"}}}}}}
    item = {"$ref": "#/components/schemas/Item"}
    schema = {"properties": {"items": {"type": "array", "items": item}, "best": item}}

    assert [field["name"] for field in fields(document, schema)] == [
        "items",
        "items[].text",
        "best",
        "best.text",
    ]


def test_prose_is_escaped_and_code_is_marked():
    assert str(prose("Send `<b>`\nnow.\n\nThen & there.")) == (
        "<p>Send <code>&lt;b&gt;</code> now.</p><p>Then &amp; there.</p>"
    )


async def test_an_unknown_route_points_at_the_reference(services: Services, make_key: MakeKey):
    token = await make_key()

    async with running(services, headers=bearer(token)) as client, client.get("/v1/sumaries") as response:
        problem = await response.json(content_type=None)

    assert "/docs" in problem["remedy"]
