"""What ``dask-gateway-server --config`` reads."""

import os
from typing import Any

from alyx_dask.gateway import configure

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821
configure(c, os.environ)
