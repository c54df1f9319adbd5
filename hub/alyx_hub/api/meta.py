"""The service describes itself, to those with a token."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(tags=["service"])

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>ALYX API</title>
<style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}}
code{{font-size:.95em}}h2{{font-size:1.05em;margin-bottom:0}}p{{margin-top:.2em}}</style>
<h1>ALYX API {version}</h1><p>Send <code>Authorization: Bearer TOKEN</code> with a token of
the Hub. The whole description for programs: <code>openapi.json</code>.</p>{routes}</html>"""


@router.get("/openapi.json", response_model=None)
async def openapi(request: Request) -> dict[str, Any]:
    """Return the description of all routes for programs."""
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/docs", response_class=HTMLResponse)
async def docs(request: Request) -> str:
    """Return a page for people; it loads nothing from elsewhere."""
    paths: dict[str, Any] = request.app.openapi()["paths"]
    routes = "".join(
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(told.get('description', told.get('summary', '')))}</p>"
        for path, methods in paths.items()
        for method, told in methods.items()
    )
    return PAGE.format(version=escape(request.app.version), routes=routes)
