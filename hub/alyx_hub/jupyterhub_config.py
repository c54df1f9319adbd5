"""What ``jupyterhub -f`` reads: the values of this run."""

from typing import Any

from alyx_hub.configure import from_environment

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821
from_environment(c)
