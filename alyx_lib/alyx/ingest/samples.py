"""The sample data sets that a new environment starts with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import awkward as ak

from alyx.errors import ConfigurationError
from alyx.events.generator import z_to_dimuons
from alyx.ingest.pipeline import ingest
from alyx.ingest.receipts import Receipt, find
from alyx.settings import Settings
from alyx.store import Store

#: Number and seed of the synthetic events: the same in each environment.
EVENTS = 20_000
SEED = 20_101_124

#: Called with the sample's name and the number of its events stored so far.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A data set that is loaded when it is missing.

    Parameters
    ----------
    name, title, kind
        Of the data set.
    key
        What the ingest knows it by.
    source
        Gives the file or the batches.
    """

    name: str
    title: str
    kind: str
    key: str
    source: Callable[[], Path | Iterator[ak.Array]]


def _cms_dimuons() -> Path:
    """Return the file in the wheel ``scikit-hep-testdata`` 0.2.0; newer ones carry no data."""
    try:
        import skhep_testdata
    except ImportError as error:
        raise ConfigurationError(
            "The sample data are not installed: pip install 'alyx[demo]'."
        ) from error
    path = Path(skhep_testdata.__file__).parent / "data" / "uproot-Zmumu.root"
    if not path.is_file():
        raise ConfigurationError(
            f"{os.fspath(path)} is missing: pip install 'scikit-hep-testdata==0.2.0'."
        )
    return path


def _synthetic() -> Iterator[ak.Array]:
    for first in range(0, EVENTS, 5_000):
        yield z_to_dimuons(5_000, SEED + first, first_event=first + 1)


SAMPLES = (
    Sample(
        "cms-dimuon-2010",
        "CMS 2010 collision data: muon pairs (scikit-hep-testdata, uproot-Zmumu)",
        "real",
        "scikit-hep-testdata-0.2.0/uproot-Zmumu.root",
        _cms_dimuons,
    ),
    Sample(
        "z-dimuon-synthetic",
        "Z to two muons with tracks and hits in the reference detector (alyx.events.generator)",
        "synthetic",
        f"generator/{SEED}/{EVENTS}",
        _synthetic,
    ),
)


def load(settings: Settings, progress: Progress | None = None) -> list[Receipt]:
    """Load the sample data sets that are not there yet.

    Parameters
    ----------
    settings
        Where the store is.
    progress
        Called with a sample's name and the number of its events stored so far.

    Returns
    -------
    list
        A receipt a sample, an old one where it was there already.
    """
    with Store.open(settings) as store:
        return [_load(store, sample, progress) for sample in SAMPLES]


def _load(store: Store, sample: Sample, progress: Progress | None) -> Receipt:
    with store.database.read() as connection:
        known = find(connection, sample.name, sample.key)
    if known is not None:
        return known
    return ingest(
        store,
        sample.name,
        sample.source(),
        title=sample.title,
        kind=sample.kind,
        key=sample.key,
        progress=(lambda done: progress(sample.name, done)) if progress else None,
    )
