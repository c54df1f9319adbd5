"""Two people in one notebook, on the team's server, each under their own name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import browser as chromium
import pytest
from browser import PATIENCE, Lab
from playwright.sync_api import Page, expect

from alyx_hub.environment import Environment

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

TEAM = "team-higgs"
NOTEBOOK = "together.ipynb"


@pytest.fixture
def pages() -> Iterator[tuple[Page, Page]]:
    """Two browsers that share nothing."""
    with chromium.browser() as launched:
        opened = [
            launched.new_context(viewport={"width": 1300, "height": 800}).new_page()
            for _ in range(2)
        ]
        for page in opened:
            page.set_default_timeout(30_000)
        yield opened[0], opened[1]


def enter(page: Page, environment: Environment, name: str) -> Lab:
    """Log in, and go to the team's server by the link on the Hub's home page."""
    page.goto(f"{environment.url}/hub/login?next=%2Fhub%2Fhome")
    page.fill("#username_input", name)
    page.fill("#password_input", environment.passwords[name])
    page.click("#login_submit")
    page.click(f"#alyx-teams a:has-text('{TEAM}')")
    # the Hub asks once whether this server, which is not one's own, may know who one is
    page.get_by_role("button", name="Authorize").click(timeout=PATIENCE)
    page.wait_for_url(re.compile(rf"/user/{TEAM}/lab"), timeout=PATIENCE)
    page.locator("#jp-main-dock-panel").wait_for(timeout=PATIENCE)
    return Lab(page, f"{environment.url}/user/{TEAM}")


def test_two_people_edit_one_notebook(pages: tuple[Page, Page], environment: Environment) -> None:
    marie = enter(pages[0], environment, "marie")
    cell = {"cell_type": "code", "source": "", "metadata": {}, "outputs": [], "id": "first"}
    content = {
        "cells": [{**cell, "execution_count": None}],
        "metadata": {"kernelspec": {"name": "alyx", "display_name": "ALYX (Python 3)"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    marie.request("PUT", f"api/contents/{NOTEBOOK}", {"type": "notebook", "content": content})
    lise = enter(pages[1], environment, "lise")
    editors = []
    for lab, name in ((marie, "marie"), (lise, "lise")):
        lab.open(NOTEBOOK, f"together-{name}")
        editors.append(lab.page.locator(".jp-NotebookPanel .jp-CodeCell .cm-content").first)
        editors[-1].wait_for(timeout=PATIENCE)

    editors[0].click()
    marie.page.keyboard.type("peak = 91")
    expect(editors[1]).to_contain_text("peak = 91")
    editors[1].click()
    lise.page.keyboard.press("End")
    lise.page.keyboard.type(".19")
    expect(editors[0]).to_have_text("peak = 91.19")
    # one kernel: what marie ran is there for lise
    marie.run_all()
    expect(lise.page.locator(".jp-CodeCell .jp-InputPrompt").first).to_have_text("[1]:")
    lise.page.locator(".jp-SideBar [title^='Collaboration']").first.click()
    expect(lise.page.locator(".jp-Collaborators, #jp-collaboration-panel")).to_contain_text("marie")
    lise.picture("together")
