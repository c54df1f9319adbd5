"""A user's way into a Hub without a browser: log in, start the server, run a notebook.

The kernel runs in the user's own server; Jupyter's own gateway client carries the cells
there and the outputs back.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx

from alyx.errors import AccessError, ServiceError

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: Seconds that a server may take to start.
PATIENCE = 120.0


class Visitor:
    """A user who logs in at a Hub by form, as a browser does.

    Parameters
    ----------
    url
        The Hub's public address, as ``http://127.0.0.1:8000/``.
    name, password
        Who.

    Raises
    ------
    AccessError
        The Hub does not know this name and password.
    """

    def __init__(self, url: str, name: str, password: str) -> None:
        self.url = url.rstrip("/")
        self.name = name
        self.http = httpx.Client(follow_redirects=True, timeout=60)
        try:
            self._log_in(password)
            self.token = self._make_token()
        except Exception:
            self.http.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    @property
    def server(self) -> str:
        """Address of the user's own Jupyter server."""
        return f"{self.url}/user/{self.name}"

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the ALYX API, with the user's token.

        Parameters
        ----------
        method, path
            As ``"GET", "/datasets"``.
        **options
            For ``httpx.Client.request``.
        """
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        address = f"{self.url}/services/alyx{path}"
        return self.http.request(method, address, headers=headers, **options)

    def start_server(self) -> float:
        """Start the user's server unless it runs, and return the seconds until it answers."""
        began = time.monotonic()
        answer = self._hub("POST", f"/users/{self.name}/server")
        if answer.status_code not in (201, 202, 400):  # 400: it runs already
            raise ServiceError(f"The Hub did not start the server: status {answer.status_code}.")
        while not self._is_ready():
            if time.monotonic() - began > PATIENCE:
                raise ServiceError(f"The server of {self.name} did not start in {PATIENCE:.0f} s.")
            time.sleep(0.1)
        return time.monotonic() - began

    def stop_server(self) -> None:
        """Stop the user's server."""
        self._hub("DELETE", f"/users/{self.name}/server")

    def run(self, notebook: NotebookNode, *, kernel: str = "alyx", timeout: int = 600) -> None:
        """Run a notebook's cells in a new kernel on the user's server, outputs in place.

        Parameters
        ----------
        notebook
            The notebook; its outputs are filled in.
        kernel
            Name of the kernelspec.
        timeout
            Seconds that one cell may take.

        Raises
        ------
        nbclient.exceptions.CellExecutionError
            A cell raised an error.
        """
        from jupyter_server.gateway.gateway_client import GatewayClient
        from nbclient import NotebookClient

        # one a process, and it keeps what it derives from the first address
        GatewayClient.clear_instance()
        gateway = GatewayClient.instance()
        gateway.url, gateway.auth_token = self.server, self.token
        NotebookClient(
            notebook,
            timeout=timeout,
            kernel_manager_class="alyx_hub.remote_kernel.RemoteKernelManager",
        ).execute(kernel_name=kernel)

    def _log_in(self, password: str) -> None:
        page = self.http.get(f"{self.url}/hub/login")
        form = {"username": self.name, "password": password, "_xsrf": self._xsrf(page)}
        answer = self.http.post(f"{self.url}/hub/login?next=%2Fhub%2Fhome", data=form)
        if urlsplit(str(answer.url)).path != "/hub/home":
            raise AccessError(f"The Hub does not know {self.name} with this password.")

    def _make_token(self) -> str:
        home = self.http.get(f"{self.url}/hub/home")
        answer = self.http.post(
            f"{self.url}/hub/api/users/{self.name}/tokens",
            json={"note": "alyx", "expires_in": 3600},
            headers={"X-XSRFToken": self._xsrf(home), "Referer": f"{self.url}/hub/home"},
        )
        if answer.is_error:
            raise AccessError(f"The Hub gave no token to {self.name}: status {answer.status_code}.")
        return str(answer.json()["token"])

    def _xsrf(self, page: httpx.Response) -> str:
        found = re.search(r'name="_xsrf" value="([^"]+)"|xsrf_token: "([^"]+)"', page.text)
        return (found.group(1) or found.group(2)) if found else ""

    def _is_ready(self) -> bool:
        user = self._hub("GET", f"/users/{self.name}").json()
        return bool(user.get("servers", {}).get("", {}).get("ready"))

    def _hub(self, method: str, path: str) -> httpx.Response:
        headers = {"Authorization": f"token {self.token}"}
        return self.http.request(method, f"{self.url}/hub/api{path}", headers=headers)
