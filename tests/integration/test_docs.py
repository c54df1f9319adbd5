"""The examples of the pages run, each page in one session on the sample data."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import alyx
from alyx import settings
from alyx.ingest import samples

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
WITH_EXAMPLES = [page for page in PAGES if BLOCK.search(page.read_text())]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home with the sample data."""
    with tempfile.TemporaryDirectory(prefix="alyx-", ignore_cleanup_errors=True) as folder:
        samples.load(settings.load({}, home=folder))
        yield Path(folder)


@pytest.fixture
def connected(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[alyx.Session]:
    """A session on it, which ``alyx.connect()`` finds too, in a folder with a NanoAOD file."""
    monkeypatch.chdir(tmp_path)
    columns = {"run": [1, 1], "luminosityBlock": [1, 1], "event": [1, 2]}
    muons = {"pt": [[30.0], []], "eta": [[0.5], []], "phi": [[0.1], []], "mass": [[0.1], []]}
    table = pa.table({**columns, **{f"Muon_{name}": column for name, column in muons.items()}})
    pq.write_table(table, "Run2012B_SingleMu.parquet")
    for name in ("ALYX_API_URL", "ALYX_API_TOKEN", "ALYX_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALYX_HOME", str(home))
    with alyx.connect() as session:
        yield session


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_run(page: Path, connected: alyx.Session) -> None:
    pairs = connected.query("cms-dimuon-2010", "Muon.pair.charge == 0")
    names = {"alyx": alyx, "session": connected, "pairs": pairs}
    for number, block in enumerate(BLOCK.findall(page.read_text())):
        exec(compile(block, f"{page.name}, example {number + 1}", "exec"), names)


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
