"""A real browser for the acceptance tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "test-output"

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # WebGL without a graphics card
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
#: Milliseconds for what a loaded machine may take long for: a server, a kernel, a cluster.
PATIENCE = 120_000
INSTALL = "apt-get update && apt-get install --yes --no-install-recommends chromium"


def chromium() -> str:
    """Return the browser's path; install it where that can be done, else skip the test."""
    found = installed()
    if found is None and os.geteuid() == 0 and Path("/etc/debian_version").exists():
        subprocess.run(
            ["sh", "-c", INSTALL],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        found = installed()
    if found is None:
        pytest.skip(f"no browser: Chromium is missing and could not be installed ({INSTALL})")
    return found


def installed() -> str | None:
    """Return the path of a browser that is there."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Give a headless browser, closed at the end."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield launched
        launched.close()


def log_in(page: Page, hub: str, name: str, password: str) -> None:
    """Log in at the Hub's form and wait for the user's JupyterLab."""
    page.goto(f"{hub}/hub/login?next=%2Fhub%2Fspawn%2F{name}")
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.click("#login_submit")
    page.wait_for_url(re.compile(rf"/user/{name}/lab"), timeout=PATIENCE)
    page.locator("#jp-main-dock-panel").wait_for(timeout=PATIENCE)


class Lab:
    """The user's JupyterLab in a page, and what a physicist does there.

    Parameters
    ----------
    page
        A page that is logged in.
    base
        Address of the user's server, as ``http://127.0.0.1:8000/user/marie``.
    """

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base

    def request(self, method: str, path: str, body: Any) -> Any:
        """Ask the user's server, with the page's own session, and return the decoded answer."""
        answer = self.page.evaluate(
            """async ([method, address, body]) => {
                const xsrf = /_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? '';
                const response = await fetch(address, {
                    method,
                    body: JSON.stringify(body),
                    headers: {'Content-Type': 'application/json', 'X-XSRFToken': xsrf}
                });
                return [response.status, await response.text()];
            }""",
            [method, f"{self.base}/{path}", body],
        )
        status, text = answer
        assert status < 300, f"{method} {path}: {status} {text}"
        return json.loads(text) if text else None

    def set(self, plugin: str, values: str) -> None:
        """Change the settings of a plugin of JupyterLab."""
        self.request("PUT", f"lab/api/settings/{plugin}", {"raw": values})

    def open(self, path: str, workspace: str) -> None:
        """Open a file in a fresh workspace (JupyterLab else restores old tabs)."""
        self.page.goto(f"{self.base}/lab/workspaces/{workspace}/tree/{path}?reset")
        self.page.locator("#jp-main-dock-panel").wait_for(timeout=PATIENCE)

    def wait_for_kernel(self) -> None:
        """Wait until the notebook in front and its kernel are there."""
        idle = self.page.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator")
        expect(idle).to_have_attribute("data-status", "idle", timeout=PATIENCE)
        self.page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()

    def run_all(self) -> None:
        """Run all cells of the notebook in front, once its kernel is there."""
        self.wait_for_kernel()
        for _ in range(5):
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            if self._has_run():
                return
        raise AssertionError("no cell has run")

    def _has_run(self) -> bool:
        # cells that are asked to run before the document's room is joined are dropped in silence
        prompt = self.page.locator(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt").first
        try:
            expect(prompt).not_to_have_text("[ ]:", timeout=5_000)
        except AssertionError:
            return False
        return True

    def card(self, name: str) -> None:
        """Open a panel by its card in a new launcher."""
        self.page.locator("#jp-main-dock-panel .lm-TabBar-addButton:visible").first.click()
        self.page.locator(".jp-LauncherCard:visible", has_text=name).first.click()

    @property
    def rules(self) -> Locator:
        """The rules of the query, those of its quantifiers not counted."""
        return self.page.locator(".queryBuilder > .ruleGroup > .ruleGroup-body > .alyx-Rule")

    def drag(self, field: str, onto: Locator, at: tuple[float, float]) -> None:
        """Drag a field of the palette onto a place, with the mouse."""
        source = self.page.locator(f".alyx-Field[data-field='{field}']")
        source.scroll_into_view_if_needed()
        self._carry(source, onto, at, carried=".alyx-Field.alyx-mod-overlay")

    def move_rule(self, rule: int, below: int) -> None:
        """Drag a rule by its handle below another one."""
        handle = self.rules.nth(rule).locator(".queryBuilder-dragHandle").first
        self._carry(handle, self.rules.nth(below), (0.5, 0.5), carried=".rule.dndDragging")

    def _carry(self, source: Locator, onto: Locator, at: tuple[float, float], carried: str) -> None:
        start, end = source.bounding_box(), onto.bounding_box()
        assert start is not None
        assert end is not None
        mouse = self.page.mouse
        mouse.move(start["x"] + 6, start["y"] + start["height"] / 2)
        mouse.down()
        mouse.move(start["x"] + 20, start["y"] + start["height"], steps=4)
        mouse.move(end["x"] + end["width"] * at[0], end["y"] + end["height"] * at[1], steps=10)
        expect(self.page.locator(carried)).to_be_visible()
        # the place lights up: it will take what is dropped
        expect(self.page.locator(".dndOver, .alyx-mod-over").first).to_be_visible()
        mouse.up()

    def picture(self, name: str) -> Path:
        """Save what the page shows in ``test-output``."""
        PICTURES.mkdir(exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=str(path))
        return path


def drawn(canvas: Locator) -> tuple[float, int]:
    """Return the share of a canvas's pixels that are not background, and its number of colours.

    The background is the colour that most pixels have.
    """
    image = matplotlib.image.imread(io.BytesIO(canvas.screenshot()))[..., :3]
    pixels = np.rint(image.reshape(-1, 3) * 255).astype(int)
    colours = Counter(map(tuple, pixels.tolist()))
    background = np.array(colours.most_common(1)[0][0])
    other = np.abs(pixels - background).max(axis=1) > 8
    return float(other.mean()), len(colours)


def wait_until_drawn(canvas: Locator, share: float = 0.003) -> tuple[float, int]:
    """Wait until a 3-D canvas shows something on its background."""
    canvas.wait_for(timeout=PATIENCE)
    seen = (0.0, 0)
    for _ in range(150):
        seen = drawn(canvas)
        if seen[0] > share:
            return seen
        canvas.page.wait_for_timeout(200)
    raise AssertionError(f"the canvas stayed empty: {seen[0]:.2%} of its pixels are drawn")
