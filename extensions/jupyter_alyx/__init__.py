"""The server extension: an authorised door from JupyterLab to the ALYX API.

The browser speaks to its own Jupyter server at ``<server>/alyx/api/...``; the server passes
the request on with **its own** Hub token, which the browser never sees.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_alyx.app import AlyxExtension

    return [{"module": "jupyter_alyx", "app": AlyxExtension}]
