"""Who gets in: every route of the application, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from alyx_hub.api.security import needs

pytestmark = pytest.mark.integration

PUBLIC = {"/health"}


def routes(app: Any) -> Iterator[tuple[str, str]]:
    """Every method and path of an application, with places filled in."""
    for path, methods in app.openapi()["paths"].items():
        filled = path.replace("{name}", "small").replace("{id}", "1")
        yield from ((method.upper(), filled) for method in methods)


@pytest.fixture
def client(service: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url) as opened:
        yield opened


def ask(client: httpx.Client, method: str, path: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.request(method, path, headers=headers, json={"dataset": "small"})


def test_the_walk_sees_all_routes(service: Any) -> None:
    walked = {path for _, path in routes(service.app)}
    assert {"/datasets", "/datasets/small", "/query", "/query/events", "/events/1"} <= walked
    assert {"/jobs", "/jobs/1", "/jobs/1/events", "/jobs/events", "/jobs/1/result"} <= walked
    assert {"/openapi.json", "/docs", "/health"} <= walked


def test_without_a_token_every_route_but_health_is_closed(
    service: Any, client: httpx.Client
) -> None:
    for method, path in routes(service.app):
        answer = ask(client, method, path, None)
        assert answer.status_code == (200 if path in PUBLIC else 401), (method, path)
        if path not in PUBLIC:
            assert answer.json()["error"]["code"] == "token"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["wrong", "nothing-token", "thief-token", "ü", "a" * 5000])
def test_with_a_wrong_token_every_route_is_closed(
    service: Any, client: httpx.Client, token: str
) -> None:
    described = {"/openapi.json", "/docs"} if token.endswith("-token") else set()
    for method, path in routes(service.app):
        if path in PUBLIC | described:
            continue
        headers = {"Authorization": f"Bearer {token}".encode()}
        answer = client.request(method, path, headers=headers, json={"dataset": "small"})
        assert answer.status_code in (401, 403), (method, path)
        assert answer.json()["error"]["message"]
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "marie-token", "Bearer a b"])
def test_a_header_that_is_no_bearer_token_is_401(client: httpx.Client, header: str) -> None:
    answer = client.get("/datasets", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_token_in_the_address_is_no_token(client: httpx.Client) -> None:
    assert client.get("/datasets?token=marie-token").status_code == 401


def test_the_hubs_own_word_for_bearer_works(client: httpx.Client) -> None:
    answer = client.get("/datasets", headers={"Authorization": "token marie-token"})
    assert answer.status_code == 200


def test_a_token_opens_what_its_scopes_say_and_no_more(client: httpx.Client) -> None:
    headers = {"Authorization": "Bearer datasets-token"}
    assert client.get("/datasets", headers=headers).status_code == 200
    answer = client.post("/query", headers=headers, json={"dataset": "small"})
    assert answer.status_code == 403
    assert "custom:alyx:read:events" in answer.json()["error"]["message"]


def test_needs_is_one_dependency_a_scope() -> None:
    assert needs("read:jobs") is needs("read:jobs")
    assert needs("read:jobs") is not needs("write:jobs")
