"""The commands on a real store: what they print, and how they fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alyx.cli.main import main
from alyx.store import Store

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def environment(filled: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALYX_DATABASE_URL", filled.settings.database_url)
    monkeypatch.setenv("ALYX_HOME", str(filled.settings.home))
    monkeypatch.delenv("ALYX_API_URL", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def alyx(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line; return exit status, standard output and standard error."""

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(args))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_query_counts_lists_and_translates(alyx: Any) -> None:
    assert alyx("query", "small", "MET.pt > 20", "--count") == (0, "16\n", "")
    assert "met_pt" in alyx("query", "small", "MET.pt > 20", "--sql")[1]
    status, out, _ = alyx("query", "small", "MET.pt > 20", "--limit", "3")
    assert status == 0
    assert "16 events in small" in out
    assert "--after" in out


def test_query_as_json_pages(alyx: Any) -> None:
    first = json.loads(alyx("query", "small", "--limit", "3", "--json")[1])
    assert [row["event"] for row in first["rows"]] == [100, 101, 102]
    after = str(first["next"])
    second = json.loads(alyx("query", "small", "--limit", "3", "--after", after, "--json")[1])
    assert second["rows"][0]["event"] == 103


def test_a_wrong_field_is_one_sentence_with_the_near_name(alyx: Any) -> None:
    status, out, err = alyx("query", "small", "MET.ptt > 20")
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")
    assert "MET.pt" in err
    assert "Traceback" not in err


def test_event_shows_its_objects(alyx: Any) -> None:
    row = json.loads(alyx("query", "small", "event == 107", "--json")[1])["rows"][0]
    assert "Muon (3)" in alyx("event", str(row["id"]))[1]
    assert json.loads(alyx("event", str(row["id"]), "--json")[1])["header"]["event"] == 107
    assert alyx("event", "12")[0] == 1


def test_store_status_and_migrate(alyx: Any) -> None:
    told = json.loads(alyx("store", "status", "--json")[1])
    assert told["datasets"][0]["name"] == "small"
    assert "small" in alyx("store", "status")[1]
    assert alyx("store", "migrate") == (0, "The tables are up to date.\n", "")


def test_ingest_of_what_is_no_event_file(alyx: Any, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("nothing of physics")
    status, _, err = alyx("ingest", str(file), "--dataset", "notes")
    assert status == 1
    assert "notes.txt" in err
    assert alyx("ingest", str(tmp_path / "absent.root"), "--dataset", "notes")[0] != 0


def test_ingest_stores_a_file_once(alyx: Any, tmp_path: Path) -> None:
    import awkward as ak

    from alyx.events.generator import z_to_dimuons

    file = tmp_path / "z.parquet"
    ak.to_parquet(z_to_dimuons(20, 1), file)
    status, out, err = alyx("ingest", str(file), "--dataset", "z", "--kind", "synthetic", "--json")
    assert status == 0, err
    assert json.loads(out)["events"] == 20
    status, _, err = alyx("ingest", str(file), "--dataset", "z")
    assert status == 1
    assert "already" in err


def test_a_job_from_submit_to_its_end(alyx: Any) -> None:
    axis = ("--quantity", "Muon.pt", "--bins", "4", "--range", "0", "400")
    forecast = json.loads(alyx("job", "submit", "small", *axis, "--dry-run")[1])
    assert forecast["valid"]
    status, out, err = alyx("job", "submit", "small", *axis, "--wait", "--json")
    assert status == 0, err
    job = json.loads(out)
    assert job["status"] == "COMPLETED"
    number = str(job["id"])
    assert "COMPLETED" in alyx("job", "show", number)[1]
    assert json.loads(alyx("job", "list", "--json")[1])["jobs"][0]["id"] == job["id"]
    assert alyx("job", "list")[0] == 0
    assert alyx("job", "wait", number)[0] == 0
    assert alyx("job", "stop", number)[0] == 1
    assert alyx("job", "show", "999999")[0] == 1


def test_a_damaged_file_is_found_and_told(alyx: Any, filled: Store) -> None:
    status, out, _ = alyx("store", "verify", "--json")
    assert (status, json.loads(out)["damaged"]) == (0, [])
    file = next((filled.settings.home / "objects").rglob("*.arrow"))
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    status, out, _ = alyx("store", "verify", "small", "--json")
    assert status == 1
    assert [one["dataset"] for one in json.loads(out)["damaged"]] == ["small"]
    assert alyx("store", "verify", "--days", "1")[0] == 0  # verified just now: left out
    file.write_bytes(content)
    assert alyx("store", "verify", "--rate", "1000")[0] == 0
    assert alyx("store", "verify", "smal")[0] == 1
