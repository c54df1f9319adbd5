"""Settings: order of precedence, and errors that name every wrong place."""

from __future__ import annotations

from pathlib import Path

import pytest

from alyx import settings
from alyx.errors import ConfigurationError


def test_argument_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    (tmp_path / "alyx.toml").write_text("pool_size = 3\nchunk_events = 4\nexact_count = 5\n")
    environ = {"ALYX_POOL_SIZE": "6", "ALYX_CHUNK_EVENTS": "7"}
    loaded = settings.load(environ, tmp_path, pool_size=9)
    assert (loaded.pool_size, loaded.chunk_events, loaded.exact_count) == (9, 7, 5)
    assert loaded.statement_timeout == settings.Settings().statement_timeout


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.load({"ALYX_POOL_SIZE": "many"}, tmp_path, chunk_event=3)
    assert {problem.path for problem in caught.value.problems} == {"pool_size", "chunk_event"}
    assert "chunk_events" in str(caught.value)


def test_broken_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "alyx.toml").write_text("pool_size = = 3")
    with pytest.raises(ConfigurationError, match=r"alyx\.toml"):
        settings.load({}, tmp_path)


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(settings.Settings(api_token="secret"))
