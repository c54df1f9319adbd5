"""Connections to PostgreSQL: one engine that writes, one that only reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from alyx.errors import AlyxError, ConfigurationError, ServiceError
from alyx.settings import Settings

#: PostgreSQL's own code of a statement that ran past ``statement_timeout``.
QUERY_CANCELED = "57014"


class Database:
    """The two engines of a process.

    Parameters
    ----------
    url
        PostgreSQL address for writing.
    settings
        Address for reading, pool size and statement timeout.
    """

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url
        self.engine = _engine(url, settings.pool_size, "")
        milliseconds = round(settings.statement_timeout * 1000)
        options = f"-c default_transaction_read_only=on -c statement_timeout={milliseconds}"
        self.reader = _engine(settings.reader_url or url, settings.pool_size, options)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give a connection in one transaction that commits at the end."""
        with _explained(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that can only read, with the statement timeout set."""
        with _explained(), self.reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self.reader.dispose()


def address(url: str) -> str:
    """Return a PostgreSQL address as SQLAlchemy wants it, with psycopg as its driver.

    Examples
    --------
    >>> address("postgresql://db.example/alyx")
    'postgresql+psycopg://db.example/alyx'
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise ConfigurationError(
            f"A database address begins with postgresql://, not with {scheme!r}."
        )
    return f"postgresql+psycopg://{rest}"


def _engine(url: str, size: int, options: str) -> Engine:
    return create_engine(
        address(url),
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": 10, "application_name": "alyx"},
    )


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the driver's errors of connection and time into ALYX's."""
    try:
        yield
    except AlyxError:
        raise
    except OperationalError as error:
        raise _service_error(error) from error


def _service_error(error: DBAPIError) -> ServiceError:
    if getattr(error.orig, "sqlstate", None) == QUERY_CANCELED:
        return ServiceError("The query ran past the time limit. Narrow it, or ask for fewer rows.")
    return ServiceError("The database cannot be reached, or ended the connection. Try again.")
