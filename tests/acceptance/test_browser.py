"""A physicist's first hour, in a real browser at a real Hub.

Login, a notebook with an event in 3D, a query by drag and drop, an event from its table, a job
that is watched until it is done.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import browser as chromium
import pytest
from browser import PATIENCE, ROOT, Lab
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

DATASET = "z-dimuon-synthetic"
QUERY = "atleast(2, Muon, pt > 20) and Muon.pair.mass > 60"
NOTEBOOK = "event_in_3d.ipynb"
CELLS = [
    f'events = alyx.connect().query("{DATASET}", "{QUERY}")\nevents.count()',
    'alyx.display.show(alyx.connect().event(events.page(1).rows[0]["id"]))',
]


@pytest.fixture
def page() -> Iterator[Page]:
    """A wide window of a browser that knows nobody."""
    with chromium.browser() as launched:
        opened = launched.new_page(viewport={"width": 1800, "height": 1050})
        opened.set_default_timeout(30_000)
        yield opened


@pytest.fixture
def lab(page: Page, environment: Any) -> Lab:
    """Marie's JupyterLab, dark, logged in at the Hub's form."""
    hub = environment.url.rstrip("/")
    chromium.log_in(page, hub, "marie", environment.passwords["marie"])
    opened = Lab(page, f"{hub}/user/marie")
    opened.set("@jupyterlab/apputils-extension:themes", '{"theme": "JupyterLab Dark"}')
    opened.set("@jupyterlab/apputils-extension:notification", '{"fetchNews": "false"}')
    opened.request("PUT", f"api/contents/{NOTEBOOK}", {"type": "notebook", "content": _notebook()})
    return opened


def _notebook() -> dict[str, Any]:
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "id": f"cell-{index}",
        }
        for index, source in enumerate(CELLS)
    ]
    kernel = {"name": "alyx", "display_name": "ALYX (Python 3)", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def test_from_login_to_a_finished_job(lab: Lab) -> None:
    lab.open(NOTEBOOK, "browser-test")
    lab.run_all()
    sees_an_event_in_3d(lab, ".jp-NotebookPanel canvas", "notebook")
    expected = counts(lab)
    builds_a_query(lab, expected)
    opens_an_event_of_the_table(lab)
    submits_a_job_and_watches_it(lab, expected)
    if "ALYX_UPDATE_IMAGES" in os.environ:
        shutil.copy(lab.picture("lab"), ROOT / "docs" / "images" / "lab.png")


def sees_an_event_in_3d(lab: Lab, canvas: str, name: str) -> None:
    share, colours = chromium.wait_until_drawn(lab.page.locator(canvas).first)
    lab.picture(name)
    assert share < 0.9, "nearly all of the canvas differs from its background"
    assert colours > 10, "the scene is lines, points and shades, not a flat area"


def counts(lab: Lab) -> int:
    """How many events pass, asked as cut text and not by the panel."""
    preview = lab.request("POST", "alyx/api/query/preview", {"dataset": DATASET, "where": QUERY})
    assert preview["count"]["exact"]
    return int(preview["count"]["value"])


def builds_a_query(lab: Lab, expected: int) -> None:
    page = lab.page
    lab.card("Query Builder")
    page.locator(".alyx-Query select[name=dataset]").select_option(DATASET)
    rules = page.locator(".alyx-Rules .queryBuilder > .ruleGroup")
    lab.drag("Muon", rules, (0.5, 0.7))
    # what is missing is said at the rule
    problem = page.locator(".rule-hasSubQuery .alyx-Rule-problem")
    expect(problem).to_be_visible()
    page.locator(".rule-hasSubQuery .rule-value").fill("20")
    expect(problem).to_have_count(0)
    lab.drag("Muon.pair.mass", page.locator(".rule-hasSubQuery"), (0.5, 0.2))
    page.locator(".alyx-Rule > .rule:not(.rule-hasSubQuery) > .rule-value").last.fill("60")
    expect(page.locator(".alyx-Preview-count")).to_have_text(f"{expected:,} events")
    lab.move_rule(0, below=1)
    expect(lab.rules.last.locator(".rule-fields").first).to_have_value("Muon")
    lab.move_rule(0, below=1)
    expect(lab.rules.last.locator(".rule-fields").first).to_have_value("Muon.pair.mass")
    expect(page.locator(".alyx-Preview-count")).to_have_text(f"{expected:,} events")
    lab.picture("query")
    page.locator(".alyx-Query-actions").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".alyx-Events tr[data-event]")).to_have_count(50)
    page.locator(".alyx-Events").get_by_role("button", name="Load more").click()
    expect(page.locator(".alyx-Events tr[data-event]")).to_have_count(100)


def opens_an_event_of_the_table(lab: Lab) -> None:
    row = lab.page.locator(".alyx-Events tr[data-event]").nth(2)
    event = row.get_attribute("data-event")
    row.focus()
    lab.page.keyboard.press("Enter")
    shown = lab.page.locator(".alyx-Display")
    expect(shown).to_have_attribute("data-state", "shown", timeout=PATIENCE)
    expect(shown.locator("input[name=event]")).to_have_value(str(event))
    sees_an_event_in_3d(lab, ".alyx-Display canvas", "event")


def submits_a_job_and_watches_it(lab: Lab, expected: int) -> None:
    page = lab.page
    page.locator(".alyx-Query").get_by_role("button", name=re.compile("^Submit as job")).click()
    form = page.locator(".alyx-Submit")
    form.locator("select[name=quantity]").select_option("Muon.pair.mass")
    form.locator("input[name=name]").fill("Z mass, from the panel")
    form.get_by_role("button", name="Submit").click()
    job = page.locator(".alyx-Job", has_text="Z mass, from the panel").first  # the newest
    expect(job).to_have_attribute("data-status", re.compile("QUEUED|STARTING|RUNNING|COMPLETED"))
    expect(job).to_have_attribute("data-status", "COMPLETED", timeout=PATIENCE)
    expect(job.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(job.locator("svg.alyx-Histogram")).to_be_visible()
    receipt = job.locator("dl")
    expect(receipt).to_contain_text(f"events selected{expected:,}")
    expect(receipt).to_contain_text("completeyes")
    lab.picture("job")


@pytest.mark.parametrize("path", ["datasets", "jobs", "jobs/events"])
def test_a_stranger_sees_nothing(page: Page, environment: Any, path: str) -> None:
    hub = environment.url.rstrip("/")
    answer = page.request.get(f"{hub}/user/marie/alyx/api/{path}", max_redirects=0)
    assert answer.status in (302, 403, 424), answer.text()
    assert "z-dimuon" not in answer.text()
