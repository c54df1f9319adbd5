"""What `import alyx` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import alyx


@pytest.mark.parametrize("name", alyx.__all__)
def test_every_public_name_is_there(name: str) -> None:
    found = getattr(alyx, name)
    if isinstance(found, ModuleType):
        assert found.__name__ == f"alyx.{name}"
    assert found.__doc__


def test_the_public_names_are_these() -> None:
    assert alyx.__all__ == sorted(alyx.__all__)
    assert set(alyx.__all__) <= set(dir(alyx))
    assert set(alyx.__all__) == {
        *("AlyxError", "Events", "Job", "Session", "Settings"),
        *("analysis", "connect", "display", "errors", "events", "field", "jobs", "query"),
    }


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        _ = alyx.conect


def test_import_alyx_loads_nothing_but_itself() -> None:
    program = (
        "import sys; before = set(sys.modules); import alyx;"
        "print(sorted(m for m in set(sys.modules) - before if m.partition('.')[0] not in "
        "sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.decode().strip() == "['alyx']"
