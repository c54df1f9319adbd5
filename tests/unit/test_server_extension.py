"""The server extension: a real Jupyter server in front of a real upstream, both on free ports."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jupyter_core.paths
import pytest
import pytest_asyncio
from aiohttp import web
from jupyter_server.serverapp import ServerApp
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_alyx import routes
from jupyter_alyx.handlers import RelayHandler

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN_TOKEN = "token-of-the-server"
BROWSER_TOKEN = "token-of-the-browser"


@dataclass
class Upstream:
    """What the API was asked, and the gates that let its streams go on."""

    url: str = ""
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        special = {
            "/api/jobs/events": self.stream,
            "/api/events/1": self.broken,
            "/api/events/2": self.elsewhere,
            "/api/events/3": self.page,
            "/api/events/4": self.refused,
            "/api/events/5": self.gone,
        }.get(request.path)
        if special is not None:
            return await special(request)
        return web.json_response({"path": request.path, "query": request.query_string})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"event: state\nid: 1\ndata: {}\n\n")
        try:
            await self.go_on.wait()
            await response.write(b"event: state\nid: 2\ndata: {}\n\n")
            while True:
                await asyncio.sleep(0.01)
                await response.write(b": keepalive\n\n")
        except (ConnectionResetError, asyncio.CancelledError):
            self.left.set()
            raise

    async def broken(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        await response.write(b"half of an answer")
        assert request.transport is not None
        request.transport.close()
        return response

    async def elsewhere(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{self.url}/caught")

    async def page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text="<h1>no such service</h1>", content_type="text/html")

    async def refused(self, request: web.Request) -> web.StreamResponse:
        problems = [{"path": "rules[0]", "message": "Unknown field.", "hint": "Muon.pt?"}]
        body = {"error": {"code": "query", "message": "Wrong.", "problems": problems}}
        return web.json_response(body, status=422)

    async def gone(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    state = Upstream()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", state.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    state.url = f"http://127.0.0.1:{port}/api"
    yield state
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerApp]:
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG", "DATA", "RUNTIME"):
            patch.setenv(f"JUPYTER_{name}_DIR", str(folder / name.lower()))
        # only the extension of this test, whatever else the environment has enabled
        patch.setattr(jupyter_core.paths, "ENV_CONFIG_PATH", [str(folder / "env")])
        patch.setattr(jupyter_core.paths, "SYSTEM_CONFIG_PATH", [])
        patch.setenv("ALYX_API_URL", upstream.url)
        patch.setenv("JUPYTERHUB_API_TOKEN", OWN_TOKEN)
        app = _jupyter_server(folder)
        http = HTTPServer(app.web_app)
        sockets = bind_sockets(0, "127.0.0.1")
        http.add_sockets(sockets)
        app.port = sockets[0].getsockname()[1]
        yield app
        http.stop()
        await app._cleanup()
        ServerApp.clear_instance()


def _jupyter_server(folder: Path) -> ServerApp:
    app = ServerApp.instance(
        allow_root=True,
        base_url="/user/marie/",
        jpserver_extensions={"jupyter_alyx": True},
        open_browser=False,
        root_dir=str(folder),
        token=BROWSER_TOKEN,
    )
    app.init_signal = lambda: None
    app.initialize(argv=[], new_httpserver=False, find_extensions=False)
    return app


@pytest_asyncio.fixture(loop_scope="module")
async def browser(server: ServerApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is logged in, as the user's page is."""
    headers = {"Authorization": f"token {BROWSER_TOKEN}", "Cookie": "secret=cookie"}
    async with httpx.AsyncClient(base_url=_address(server), headers=headers) as client:
        yield client


def _address(server: ServerApp) -> str:
    return f"http://127.0.0.1:{server.port}/user/marie/alyx/api/"


def _relay_rules(server: ServerApp) -> list[Any]:
    groups = [rule.target for rule in server.web_app.default_router.rules]
    groups += [rule.target for rule in server.web_app.wildcard_router.rules]
    flat = [rule for group in groups for rule in getattr(group, "rules", [])]
    return [rule for rule in flat if str(rule.target.__module__).startswith("jupyter_alyx")]


async def test_relays_with_its_own_token(browser: httpx.AsyncClient, upstream: Upstream) -> None:
    response = await browser.get("jobs", params={"status": "RUNNING", "token": BROWSER_TOKEN})
    assert response.json() == {"path": "/api/jobs", "query": "status=RUNNING"}
    headers = upstream.requests[-1].headers
    assert headers["Authorization"] == f"Bearer {OWN_TOKEN}"
    assert "Cookie" not in headers
    assert BROWSER_TOKEN not in str(headers)
    assert OWN_TOKEN not in response.text + str(response.headers)


async def test_relays_the_body(browser: httpx.AsyncClient, upstream: Upstream) -> None:
    query = {"dataset": "cms-dimuon-2010", "where": {"combinator": "and", "rules": []}}
    response = await browser.post("query/preview", json=query)
    assert response.status_code == 200
    assert json.loads(upstream.bodies[-1]) == query
    assert upstream.requests[-1].content_type == "application/json"


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"])
@pytest.mark.parametrize("path", ["datasets", "query", "events/1", "jobs", "jobs/events", "other"])
async def test_every_route_wants_a_login(
    server: ServerApp, upstream: Upstream, method: str, path: str
) -> None:
    asked = len(upstream.requests)
    async with httpx.AsyncClient(base_url=_address(server)) as stranger:
        response = await stranger.request(method, path)
    assert response.status_code in ((403, 405) if method in ("PUT", "HEAD") else (403,))
    assert len(upstream.requests) == asked
    if method != "HEAD":
        assert response.json()["error"]["message"]


async def test_every_handler_is_the_relay(server: ServerApp) -> None:
    """A new handler has to come into the test above."""
    assert [rule.target for rule in _relay_rules(server)] == [RelayHandler]


async def test_an_authorizer_may_refuse(
    server: ServerApp, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def is_authorized(handler: Any, user: Any, action: str, resource: str) -> bool:
        asked.append((action, resource))
        return False

    monkeypatch.setattr(server.authorizer, "is_authorized", is_authorized)
    assert (await browser.get("jobs")).status_code == 403
    assert (await browser.delete("jobs/1")).json()["error"]["code"] == "access"
    assert asked == [("read", "alyx"), ("write", "alyx")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "docs", 404),
        ("GET", "openapi.json", 404),
        ("GET", "", 404),
        ("GET", "jobs/%2e%2e/docs", 404),
        ("GET", "jobs%2f..%2fdocs", 404),
        ("GET", "jobs//1", 404),
        ("GET", "http:%2f%2fexample.org", 404),
        ("POST", "datasets", 405),
        ("DELETE", "events/1", 405),
        ("GET", "query", 405),
    ],
)
async def test_only_listed_routes_pass(
    browser: httpx.AsyncClient, upstream: Upstream, method: str, path: str, status: int
) -> None:
    asked = len(upstream.requests)
    response = await browser.request(method, path)
    assert response.status_code == status
    assert response.json()["error"]["problems"] == []
    assert len(upstream.requests) == asked


async def test_a_large_body_is_refused(browser: httpx.AsyncClient, upstream: Upstream) -> None:
    asked = len(upstream.requests)
    response = await browser.post("jobs", content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413
    assert "too large" in response.json()["error"]["message"]
    assert len(upstream.requests) == asked


async def test_errors_of_the_api_pass_as_they_are(browser: httpx.AsyncClient) -> None:
    response = await browser.get("events/4")
    assert response.status_code == 422
    assert response.json()["error"]["problems"][0]["hint"] == "Muon.pt?"


async def test_an_empty_answer_is_empty(browser: httpx.AsyncClient) -> None:
    response = await browser.get("events/5")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("event", [2, 3])
async def test_what_is_not_alyx_counts_as_away(
    browser: httpx.AsyncClient, upstream: Upstream, event: int
) -> None:
    response = await browser.get(f"events/{event}")
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "service"
    assert upstream.requests[-1].path != "/api/caught", "the token followed a redirect"


async def test_a_broken_answer_is_not_taken_for_a_whole_one(browser: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await browser.get("events/1")


async def test_events_come_at_once_and_leaving_ends_the_stream_upstream(
    browser: httpx.AsyncClient, upstream: Upstream
) -> None:
    headers = {"Last-Event-ID": "41", "Accept": "text/event-stream"}
    async with browser.stream("GET", "jobs/events", headers=headers) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        lines = response.aiter_lines()
        assert [await anext(lines) for _ in range(4)] == ["event: state", "id: 1", "data: {}", ""]
        assert upstream.requests[-1].headers["Last-Event-ID"] == "41"
        upstream.go_on.set()
        assert [await anext(lines) for _ in range(2)] == ["event: state", "id: 2"]
        assert not upstream.left.is_set()
    await asyncio.wait_for(upstream.left.wait(), 10)


async def test_an_api_that_is_down_is_503(
    server: ServerApp, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = _relay_rules(server)[0].target_kwargs["relay"]
    monkeypatch.setattr(relay, "url", "http://127.0.0.1:1")
    response = await browser.get("jobs")
    assert response.status_code == 503
    assert "cannot be reached" in response.json()["error"]["message"]
    monkeypatch.setattr(relay, "url", "")
    assert "ALYX_API_URL" in (await browser.get("jobs")).json()["error"]["message"]


async def test_methods_are_those_of_the_first_segment() -> None:
    assert routes.methods("jobs/7/events") == routes.METHODS["jobs"]
    assert routes.methods("jobs/.hidden") == frozenset()
    assert routes.methods("jobsx") == frozenset()
