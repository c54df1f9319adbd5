"""The Hub's and the Gateway's configuration, as functions of values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from alyx.errors import ConfigurationError, ConflictError
from alyx.settings import Settings
from alyx_dask import gateway
from alyx_hub import environment, files
from alyx_hub.configure import configure
from alyx_hub.credentials import Credentials
from alyx_hub.scopes import SCOPES
from alyx_hub.state import State
from alyx_hub.values import Values, free_ports, public_url

DATABASE = "postgresql://someone:geheim@db.example/alyx"


@pytest.fixture
def values(tmp_path: Path) -> Values:
    settings = Settings(home=tmp_path, database_url=DATABASE, api_token="secret-token")
    return Values.of(settings, host="127.0.0.1", port=8000, run="mark")


@pytest.fixture
def configured(values: Values) -> Any:
    c = Config()
    configure(c, values, Credentials.of(values.home / "secrets"))
    return c


def test_only_trusted_processes_know_the_database(configured: Any) -> None:
    services = {one["name"]: one for one in configured.JupyterHub.services}
    assert services["alyx"]["environment"]["ALYX_DATABASE_URL"] == DATABASE
    for name, service in services.items():
        if name != "alyx":
            assert "geheim" not in json.dumps(service)
    assert "geheim" not in json.dumps(configured.Spawner.environment)
    assert "secret-token" not in json.dumps(services)
    assert configured.JupyterHub.db_url == (
        "postgresql+psycopg://someone:geheim@db.example/alyx?options=-csearch_path%3Dhub"
    )


def test_every_process_carries_the_mark(configured: Any) -> None:
    marks = [one["environment"] for one in configured.JupyterHub.services if "command" in one]
    marks.append(configured.Spawner.environment)
    assert all(found["ALYX_RUN"] == "mark" for found in marks)


def test_everything_listens_on_loopback_by_default(configured: Any, values: Values) -> None:
    hub = configured.JupyterHub
    assert hub.bind_url == "http://127.0.0.1:8000/"
    addresses = [hub.hub_bind_url, configured.ConfigurableHTTPProxy.api_url, values.gateway_url]
    addresses += [one["url"] for one in hub.services if "url" in one]
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)
    assert [one["name"] for one in hub.services if "url" in one] == ["alyx"]


def test_people_teams_and_roles(configured: Any) -> None:
    assert configured.Authenticator.allowed_users == {"marie", "lise", "admin"}
    assert configured.Authenticator.allow_existing_users is False
    roles = {role["name"]: role for role in configured.JupyterHub.load_roles}
    member = roles["member-of-team-higgs"]
    assert member["groups"] == ["team-higgs"]
    assert all(scope.endswith("!user=team-higgs") for scope in member["scopes"])
    assert configured.JupyterHub.load_groups["team-higgs"]["users"] == ["marie", "lise"]
    for name in ("user", "server", "team"):
        own = [scope for scope in roles[name]["scopes"] if scope.startswith("custom:")]
        assert own == [f"custom:alyx:{scope}!user" for scope in SCOPES]


def test_the_gateway_signs_in_by_the_hub_and_shows_no_dashboard(tmp_path: Path) -> None:
    c: Any = Config()
    given = {"ALYX_GATEWAY_ADDRESS": "127.0.0.1:1", "ALYX_GATEWAY_API": "127.0.0.1:2"}
    gateway.configure(c, {**given, "ALYX_GATEWAY_FOLDER": str(tmp_path / "g"), "ALYX_RUN": "mark"})
    assert c.DaskGateway.authenticator_class == "alyx_dask.gateway_auth.HubAuthenticator"
    assert c.HubAuthenticator.jupyterhub_service_name == "dask-gateway"
    for command in (c.ClusterConfig.scheduler_cmd, c.ClusterConfig.worker_cmd):
        assert "--no-dashboard" in command
    assert c.ClusterConfig.idle_timeout > 0
    assert c.ClusterConfig.environment == {"ALYX_RUN": "mark"}
    assert (tmp_path / "g").stat().st_mode & 0o077 == 0


def test_values_come_back_as_they_were_written_for_their_owner_alone(values: Values) -> None:
    path = values.write()
    assert Values.read(path) == values
    assert path.stat().st_mode & 0o077 == 0
    assert len({*free_ports(20)}) == 20


def test_credentials_are_made_once(tmp_path: Path) -> None:
    first = Credentials.of(tmp_path)
    assert Credentials.of(tmp_path) == first
    assert len(first.admin_password) >= 32  # the Hub's own rule
    assert first.password not in repr(first)
    (tmp_path / "password").unlink()
    assert Credentials.of(tmp_path).password != first.password
    assert Credentials.of(tmp_path).cookie == first.cookie


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:1"), ("::", "http://127.0.0.1:1"), ("hub.x", "http://hub.x:1")],
)
def test_the_address_that_servers_of_this_machine_use(host: str, url: str) -> None:
    assert public_url(host, 1) == url


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "ROOM", 10**18)
    with pytest.raises(ConfigurationError, match="make room, or name another folder"):
        environment.check(tmp_path, "127.0.0.1", free_ports(1)[0])


def test_a_host_that_is_not_this_machine_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match=r"cannot listen on 203\.0\.113\.7 port 80"):
        environment.check(tmp_path, "203.0.113.7", 80)


def test_what_does_not_come_along_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files, "CHECKOUT", tmp_path)
    monkeypatch.setattr(files, "SHARED", tmp_path / "share")
    with pytest.raises(ConfigurationError, match="hub/proxy is missing"):
        files.proxy_command()
    (tmp_path / "hub" / "proxy").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="run `make proxy`"):
        files.proxy_command()


def test_a_state_tells_whether_its_supervisor_lives(tmp_path: Path) -> None:
    state = State(tmp_path, "mark", "http://127.0.0.1:1")
    with state.step("database"):
        told = State.read(tmp_path)
        assert told is not None
        assert told.steps == [("database", None)]
        assert told.alive
    assert state.steps[0][1] is not None
    state.began -= 100  # another process with the same number
    assert not state.alive
    state.forget()
    assert State.read(tmp_path) is None
