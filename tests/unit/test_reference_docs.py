"""The reference names every route, command and setting, and none that is not there."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from alyx import errors
from alyx.cli.main import commands
from alyx.query.operators import COMPARISONS, COMPOSED, MATCHES, QUANTIFIERS
from alyx.settings import Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def rows(page: str, pattern: str) -> list[str]:
    found = re.findall(rf"^\| `({pattern})`", (REFERENCE / page).read_text(), re.MULTILINE)
    assert len(found) == len(set(found))
    return found


def leaves(name: str, command: click.Command) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(name, command)]
    return [
        leaf for part, found in command.commands.items() for leaf in leaves(f"{name} {part}", found)
    ]


def all_commands() -> list[tuple[str, click.Command]]:
    context = click.Context(commands)
    found = {name: commands.get_command(context, name) for name in commands.list_commands(context)}
    return [leaf for name, command in found.items() for leaf in leaves(f"alyx {name}", command)]


def test_every_command_is_documented_and_each_has_help() -> None:
    documented = {re.sub(r" [A-Z\[-].*", "", row) for row in rows("cli.md", r"alyx .*?")}
    assert documented == {name for name, _ in all_commands()}
    assert all(command.help for _, command in all_commands())


def test_every_option_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text()
    for name, command in all_commands():
        options = [option for option in command.params if isinstance(option, click.Option)]
        for option in options:
            written = max(option.opts, key=len)
            assert f"`{written}" in text or f"{written} " in text, (name, written)


def test_every_setting_is_documented_with_its_default() -> None:
    assert rows("settings.md", r"\w+") == [setting.name for setting in fields(Settings)]
    text = (REFERENCE / "settings.md").read_text()
    for name in ("statement_timeout", "pool_size", "exact_count", "chunk_events", "query_bytes"):
        assert f"| `{name}` | {getattr(Settings(), name):.0f} |" in text


def test_every_operator_is_documented() -> None:
    assert rows("operators.md", r"[=!<>]=?|in") == list(COMPARISONS)
    text = (REFERENCE / "operators.md").read_text()
    for one in COMPARISONS.values():
        assert re.search(rf"\| `{one.name}` \| `{one.builder}` \| .* \| {one.phrase} \|", text)
    for name in (*QUANTIFIERS, "any", "none"):
        assert f"| `{name}(" in text
    for name in (*MATCHES, *COMPOSED):
        assert f"`{name}`" in text


def test_every_scope_and_role_is_documented() -> None:
    scopes = pytest.importorskip("alyx_hub.scopes")
    documented = rows("scopes.md", r"custom:alyx:.*?")
    assert documented == list(scopes.custom_scopes())
    text = (REFERENCE / "scopes.md").read_text()
    for role in scopes.roles(SimpleNamespace(teams={"TEAM": ()})):
        assert f"| `{role['name']}` |" in text


def test_every_reader_is_documented() -> None:
    known = {point.name for point in entry_points(group="alyx.readers")}
    assert set(rows("formats.md", r"\w.*?")) == known


def test_every_route_is_documented() -> None:
    app = pytest.importorskip("alyx_hub.api").create_app(Settings(), lambda _: None)
    routes = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    assert set(rows("api.md", r"[A-Z]+ /.*?")) == routes


def test_every_code_of_an_error_is_documented() -> None:
    text = (REFERENCE / "api.md").read_text()
    for code in errors._by_code():
        assert f"`{code}`" in text, code
