"""``alyx demo``: the figures come out of the run, and a failing step is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from alyx_hub.environment import Environment

pytestmark = pytest.mark.acceptance

ALYX = str(Path(sys.executable).with_name("alyx"))


def run(environment: Environment, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ALYX, "demo", "--home", str(environment.home), "--json", *options],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def test_the_z_peak_stands_where_cms_saw_it(environment: Environment, tmp_path: Path) -> None:
    done = run(environment, "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["real_events"] == 500
    assert told["z_peak_entries"] == 496
    assert told["z_peak_gev"] == pytest.approx(90.81, abs=0.1)
    assert told["z_peak_error_gev"] == pytest.approx(0.14, abs=0.02)
    assert (told["job_status"], told["receipt_complete"]) == ("COMPLETED", True)
    assert told["display_tracks"] >= 2
    assert told["display_hits"] > 20
    assert told["job_seconds"] > 0
    assert told["seconds"] > 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"01_first_look.ipynb", "event.png", "receipt.json", "z_peak.png"}
    for picture in ("event.png", "z_peak.png"):
        assert (tmp_path / "out" / picture).read_bytes()[:4] == b"\x89PNG"
    receipt = json.loads((tmp_path / "out" / "receipt.json").read_text())
    assert receipt["events_read"] == 500
    assert receipt["events_selected"] == 496
    assert receipt["chunks_done"] == receipt["chunks_total"]


def test_a_user_who_is_not_there_is_told(environment: Environment, tmp_path: Path) -> None:
    done = run(environment, "--output", str(tmp_path / "out"), "--user", "nobody")
    assert done.returncode != 0
    assert "There is no user nobody; there are marie, lise, admin." in done.stderr
    assert not (tmp_path / "out").exists()
