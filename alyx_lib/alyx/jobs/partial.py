"""Files of partial results: named for their content, written once, checked when read."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fsspec

from alyx.errors import IntegrityError


def write(objects_url: str, prefix: str, content: Mapping[str, Any]) -> tuple[str, str]:
    """Write a partial result, safely; the same content twice is one file.

    Parameters
    ----------
    objects_url
        fsspec address of the object store.
    prefix
        What the file's name begins with, relative to the store.
    content
        What JSON can hold.

    Returns
    -------
    tuple of str
        Its address relative to the store, and its SHA-256.

    Examples
    --------
    >>> address, checksum = write("memory://partial-example", "jobs/1/7", {"values": [1.0]})
    >>> read("memory://partial-example", address, checksum)
    {'values': [1.0]}
    """
    body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    checksum = hashlib.sha256(body).hexdigest()
    address = f"{prefix}-{checksum[:16]}.json"
    files, root = fsspec.url_to_fs(objects_url)
    path = f"{root}/{address}"
    if "file" in files.protocol:
        _write_durably(Path(path), body)
    else:
        files.pipe_file(path, body)
    return address, checksum


def read(objects_url: str, address: str, checksum: str) -> dict[str, Any]:
    """Read a partial result; IntegrityError when it is missing or not what was written."""
    files, root = fsspec.url_to_fs(objects_url)
    try:
        body = files.cat_file(f"{root}/{address}")
    except FileNotFoundError as error:
        raise IntegrityError(f"The partial result {address} is missing.") from error
    if hashlib.sha256(body).hexdigest() != checksum:
        raise IntegrityError(f"The partial result {address} is not what was written.")
    content: dict[str, Any] = json.loads(body)
    return content


def remove(objects_url: str, folder: str) -> None:
    """Remove all partial results of a folder; one that is missing is fine."""
    files, root = fsspec.url_to_fs(objects_url)
    if files.exists(f"{root}/{folder}"):
        files.rm(f"{root}/{folder}", recursive=True)


def _write_durably(target: Path, body: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    with draft.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
