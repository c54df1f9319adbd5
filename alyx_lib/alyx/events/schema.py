"""Fields and collections of a data set's events, with their units.

Names are NanoAOD's, with dots where NanoAOD has underscores. A collection with pt, eta,
phi and mass has a *pair*: the two leading objects taken together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import awkward as ak

Kind = Literal["number", "integer", "boolean", "text"]

#: Unit and description of the names that ALYX knows.
KNOWN: dict[str, tuple[str, str]] = {
    "run": ("", "run number"),
    "luminosityBlock": ("", "luminosity block in the run"),
    "event": ("", "event number"),
    "time": ("s", "time since 1970-01-01 UTC"),
    "energy": ("GeV", "centre-of-mass energy"),
    "pt": ("GeV", "transverse momentum"),
    "eta": ("", "pseudorapidity"),
    "phi": ("rad", "azimuth"),
    "mass": ("GeV", "mass"),
    "charge": ("", "electric charge"),
    "x": ("mm", "position across the beam, horizontal"),
    "y": ("mm", "position across the beam, vertical"),
    "z": ("mm", "position along the beam"),
    "layer": ("", "layer of the detector"),
    "track": ("", "place of its track in the event, -1 without one"),
    "n": ("", "number of objects"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One value of an event or of an object.

    Parameters
    ----------
    name
        Its name; of a value of the event it may have a dot, as ``MET.pt``.
    kind
        ``number``, ``integer``, ``boolean`` or ``text``.
    unit, description
        For people; the unit is empty for pure numbers.
    """

    name: str
    kind: Kind
    unit: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """The objects of one kind in an event, as ``Muon``.

    Parameters
    ----------
    name
        Its name.
    fields
        What each object has.
    description
        For people.
    """

    name: str
    fields: tuple[Field, ...]
    description: str = ""

    @property
    def pair(self) -> tuple[str, ...]:
        """What is known of the two leading objects together: mass, pt, charge."""
        names = {field.name for field in self.fields}
        if not {"pt", "eta", "phi", "mass"} <= names:
            return ()
        return ("mass", "pt", "charge") if "charge" in names else ("mass", "pt")

    def derived(self) -> tuple[Field, ...]:
        """Return the values of the event that come from this collection."""
        number = Field(f"{self.name}.n", "integer", "", f"number of objects in {self.name}")
        return (number, *(self._of_pair(name) for name in self.pair))

    def _of_pair(self, name: str) -> Field:
        kind: Kind = "integer" if name == "charge" else "number"
        unit, description = KNOWN[name]
        text = f"{description} of the two leading objects of {self.name}"
        return Field(f"{self.name}.pair.{name}", kind, unit, text)


@dataclass(frozen=True)
class Schema:
    """What the events of a data set hold.

    Parameters
    ----------
    scalars
        Values of the event.
    collections
        Its collections.

    Examples
    --------
    >>> muon = Collection("Muon", (Field("pt", "number", "GeV"),))
    >>> Schema((Field("run", "integer"),), (muon,)).paths()
    ['run', 'Muon.pt', 'Muon.n']
    """

    scalars: tuple[Field, ...]
    collections: tuple[Collection, ...]

    def paths(self) -> list[str]:
        """Return all paths that a query can name."""
        return list(self._fields)

    def find(self, path: str) -> Field | None:
        """Return the field of a path, or ``None``."""
        return self._fields.get(path)

    def collection(self, name: str) -> Collection | None:
        """Return a collection by its name, or ``None``."""
        return next((one for one in self.collections if one.name == name), None)

    def collection_of(self, path: str) -> Collection | None:
        """Return the collection whose objects have this path.

        ``None`` for values of the event, those derived from a collection included.
        """
        name, _, field = path.partition(".")
        found = self.collection(name)
        names = {one.name for one in found.fields} if found else set()
        return found if field in names else None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "scalars": [asdict(field) for field in self.scalars],
            "collections": [asdict(one) | {"pair": list(one.pair)} for one in self.collections],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Schema:
        """Read the wire form."""
        collections = (
            Collection(one["name"], _fields(one["fields"]), one.get("description", ""))
            for one in body["collections"]
        )
        return cls(_fields(body["scalars"]), tuple(collections))

    @classmethod
    def of(cls, events: ak.Array) -> Schema:
        """Return the schema of events in memory.

        Parameters
        ----------
        events
            Records with scalars, records of scalars (``MET``), and lists of records.
        """
        scalars: list[Field] = []
        collections: list[Collection] = []
        for name in events.fields:
            part = events[name]
            if part.ndim > 1:
                collections.append(Collection(name, tuple(_described(part, part.fields))))
            elif part.fields:
                scalars += _described(part, part.fields, f"{name}.")
            elif name != "id":
                scalars += _described(events, [name])
        return cls(tuple(scalars), tuple(collections))

    @cached_property
    def _fields(self) -> dict[str, Field]:
        found = {field.name: field for field in self.scalars}
        for one in self.collections:
            found |= {f"{one.name}.{field.name}": field for field in one.fields}
            found |= {field.name: field for field in one.derived()}
        return found


def _described(events: ak.Array, names: list[str], prefix: str = "") -> list[Field]:
    found = []
    for name in names:
        unit, description = KNOWN.get(name, ("", ""))
        found.append(Field(prefix + name, _kind(events[name]), unit, description))
    return found


def _kind(values: ak.Array) -> Kind:
    form = str(ak.type(ak.flatten(values, axis=None)).content)
    if form.startswith(("int", "uint")):
        return "integer"
    if form == "bool":
        return "boolean"
    return "text" if form == "string" else "number"


def _fields(bodies: list[Mapping[str, Any]]) -> tuple[Field, ...]:
    return tuple(Field(**body) for body in bodies)
