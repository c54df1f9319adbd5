"""The command group: found by entry point, taught by help, errors in one sentence."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import click
import pytest

import alyx
from alyx.cli import main as cli
from alyx.errors import AlyxError, Problem, QueryError


def run(monkeypatch: pytest.MonkeyPatch, *args: str, error: AlyxError | None = None) -> int:
    @click.command()
    def work() -> None:
        """Work."""
        if error is not None:
            raise error
        click.echo("done")

    monkeypatch.setitem(cli.commands.commands, "work", work)
    with pytest.raises(SystemExit) as end:
        cli.main(list(args))
    return int(end.value.code or 0)


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"alyx {alyx.__version__}\n"


def test_a_command_that_ends_well_exits_with_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "work") == 0
    assert capsys.readouterr().out == "done\n"


def test_an_error_is_one_sentence_on_stderr_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "work", error=AlyxError("The disk is full.")) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Error: The disk is full.\n")


def test_all_problems_are_listed_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = [Problem("rules[0]", "No such field.", "Did you mean MET.pt?"), Problem("x", "Bad.")]
    assert run(monkeypatch, "work", error=QueryError(problems=problems)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Error: rules[0]: No such field. Did you mean MET.pt?", "  - x: Bad."]


def test_a_headline_stands_before_its_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = QueryError("Two fields are wrong.", problems=[Problem("a", "A."), Problem("b", "B.")])
    assert run(monkeypatch, "work", error=error) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Error: Two fields are wrong.", "  - a: A.", "  - b: B."]


def test_an_unknown_command_gets_near_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "wrok") == 2
    assert "Did you mean work?" in capsys.readouterr().err


def test_a_command_whose_room_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point = EntryPoint("launch", "alyx_not_there.cli:launch", cli.GROUP)
    monkeypatch.setitem(cli.commands._found, "launch", point)
    assert run(monkeypatch, "launch") == 1
    assert "pip install 'alyx[all]'" in capsys.readouterr().err
    assert run(monkeypatch, "--help") == 0
    assert "launch" in capsys.readouterr().out


def test_the_help_lists_every_command_and_imports_nothing_heavy() -> None:
    heavy = {"awkward", "pyarrow", "sqlalchemy", "httpx", "hist", "jupyterhub", "distributed"}
    program = (
        "import sys\nfrom alyx.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print('HEAVY', sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr
    for name in ("query", "event", "ingest", "store", "job"):
        assert f"  {name} " in done.stdout
