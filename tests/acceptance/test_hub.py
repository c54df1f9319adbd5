"""Who may enter what, and what a kernel knows and does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import nbformat
import pytest

from alyx.errors import AccessError
from alyx.events.generator import z_to_dimuons
from alyx.session.arrow import encode
from alyx_hub.credentials import Credentials
from alyx_hub.environment import Environment
from alyx_hub.scopes import SCOPES
from alyx_hub.values import Values
from alyx_hub.visitor import Visitor

pytestmark = pytest.mark.acceptance

TEAM = "team-higgs"
KERNEL = """
import json, os, sys
gateway = __import__("dask_gateway").Gateway()
gateway.list_clusters()
try:
    other = alyx.connect().job(1)
except alyx.errors.AlyxError as error:
    other = type(error).__name__
print(json.dumps({"environment": dict(os.environ), "session": alyx.connect().datasets()[0].name}))
"""


@pytest.fixture(scope="module")
def marie(environment: Environment) -> Iterator[Visitor]:
    """Marie, her server running."""
    with Visitor(environment.url, "marie", environment.passwords["marie"]) as visitor:
        visitor.start_server()
        yield visitor


@pytest.fixture(scope="module")
def lise(environment: Environment) -> Iterator[Visitor]:
    """Lise, logged in."""
    with Visitor(environment.url, "lise", environment.passwords["lise"]) as visitor:
        yield visitor


def ask(visitor: Visitor, path: str, method: str = "GET") -> httpx.Response:
    headers = {"Authorization": f"token {visitor.token}"}
    return visitor.http.request(method, f"{visitor.url}{path}", headers=headers)


def test_a_server_opens_to_its_owner_alone(marie: Visitor, lise: Visitor) -> None:
    assert ask(marie, "/user/marie/api/contents").status_code == 200
    assert ask(lise, "/user/marie/api/contents").status_code == 403
    assert httpx.get(f"{marie.url}/user/marie/api/contents").status_code == 403


def test_a_teams_server_opens_to_its_members(
    environment: Environment, marie: Visitor, lise: Visitor
) -> None:
    assert ask(lise, f"/hub/api/users/{TEAM}/server", "POST").status_code in (201, 202, 400)
    for _ in range(300):
        if ask(lise, f"/hub/api/users/{TEAM}").json()["servers"].get("", {}).get("ready"):
            break
    for member in (marie, lise):
        assert ask(member, f"/user/{TEAM}/api/contents").status_code == 200
    # the team itself has the rights that its notebooks need
    assert ask(lise, f"/user/{TEAM}/alyx/api/datasets").status_code == 200
    assert ask(lise, f"/user/{TEAM}/alyx/api/jobs").status_code == 200
    # a token of marie's for her own server does not open the team's
    body = {"scopes": ["access:servers!server=marie/"], "expires_in": 60}
    narrow = marie.http.post(
        f"{marie.url}/hub/api/users/marie/tokens",
        json=body,
        headers={"Authorization": f"token {marie.token}"},
    ).json()["token"]
    headers = {"Authorization": f"token {narrow}"}
    for owner, status in (("marie", 200), (TEAM, 403)):
        address = f"{environment.url}/user/{owner}/api/contents"
        assert httpx.get(address, headers=headers).status_code == status


def test_nobody_logs_in_as_a_team_or_as_a_stranger(environment: Environment) -> None:
    for name in (TEAM, "mallory", "admin"):
        with pytest.raises(AccessError):
            Visitor(environment.url, name, environment.passwords["lise"])


def test_a_kernel_knows_addresses_and_no_credentials(
    environment: Environment, marie: Visitor
) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(KERNEL)])
    marie.run(notebook)
    told: dict[str, Any] = json.loads(notebook.cells[0].outputs[0]["text"])
    assert told["session"] == "cms-dimuon-2010"
    known = told["environment"]
    values = Values.read(environment.home / "run" / "values.json")
    secrets = Credentials.of(environment.home / "secrets")
    assert known["ALYX_API_URL"] == values.api_url
    assert not {"ALYX_DATABASE_URL", "ALYX_READER_URL", "ALYX_OBJECTS_URL"} & set(known)
    text = json.dumps(known)
    for name in ("password", "admin_password", "cookie", "proxy", "dispatcher", "gateway"):
        assert getattr(secrets, name) not in text
    assert values.database_url not in text


def test_no_log_holds_a_credential(environment: Environment, marie: Visitor) -> None:
    values = Values.read(environment.home / "run" / "values.json")
    secrets = Credentials.of(environment.home / "secrets")
    password = values.database_url.split(":")[2].split("@")[0]
    for log in (environment.home / "logs").iterdir():
        text = log.read_text()
        for secret in (secrets.password, secrets.dispatcher, secrets.proxy, marie.token, password):
            assert secret not in text


def test_another_persons_job_is_not_seen(marie: Visitor, lise: Visitor) -> None:
    spec = {
        "kind": "histogram",
        "name": "mine",
        "dataset": "cms-dimuon-2010",
        "histogram": {"quantity": "Muon.pair.mass", "bins": 6, "low": 60, "high": 120},
    }
    job = marie.api("POST", "/jobs", json=spec)
    assert job.status_code == 201
    number = job.json()["id"]
    assert marie.api("GET", f"/jobs/{number}").status_code == 200
    assert lise.api("GET", f"/jobs/{number}").status_code in (403, 404)
    assert number not in [one["id"] for one in lise.api("GET", "/jobs").json()["jobs"]]


def test_events_are_handed_in_through_the_proxy(marie: Visitor) -> None:
    events = z_to_dimuons(400, seed=2, first_event=1_000_000)
    content = b"".join(bytes(message) for message in encode([events]))
    assert len(content) > 1_000_000  # more than any other route takes
    given = {"params": {"key": "one", "kind": "synthetic"}, "content": content}
    receipt = marie.api("POST", "/ingest/handed-in", **given)
    assert receipt.status_code == 201, receipt.text
    assert receipt.json()["events"] == 400
    assert marie.api("POST", "/ingest/handed-in", **given).json() == receipt.json()


def test_the_gateway_asks_who_one_is(environment: Environment) -> None:
    values = Values.read(environment.home / "run" / "values.json")
    clusters = f"{values.gateway_url}/api/v1/clusters/"
    assert httpx.get(clusters).status_code == 401
    wrong = {"Authorization": "jupyterhub 0123456789"}
    assert httpx.get(clusters, headers=wrong).status_code in (401, 403)
    # nothing of it stands behind the public address
    public = f"{values.url}/services/dask-gateway/api/v1/clusters/"
    assert httpx.get(public, follow_redirects=True).status_code == 404


def test_every_scope_is_given_to_its_owner_alone(marie: Visitor) -> None:
    scopes = ask(marie, "/hub/api/user").json()["scopes"]
    own = {f"custom:alyx:{name}!user=marie" for name in SCOPES}
    assert own <= set(scopes)
    assert not [scope for scope in scopes if scope.startswith("custom:alyx") and scope not in own]


def test_files_with_secrets_are_their_owners(environment: Environment) -> None:
    folders = (environment.home / "secrets", environment.home / "run")
    for folder in folders:
        assert folder.stat().st_mode & 0o077 == 0
    for file in (*folders[0].iterdir(), folders[1] / "values.json"):
        assert file.stat().st_mode & 0o077 == 0
