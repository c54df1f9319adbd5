"""Where a session leads: to the API within a Hub, else straight to the store."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from alyx import settings as reading
from alyx.errors import ConfigurationError
from alyx.session.backend import Backend
from alyx.session.front import Session
from alyx.settings import Settings


def connect(**settings: Any) -> Session:
    """Open a session.

    In a Hub, or with ``api_url`` and ``api_token``, it asks the ALYX API with the user's own
    token. Elsewhere it works straight on the store; without a database address that is the
    embedded server below ``home``, which is started if need be.

    Parameters
    ----------
    **settings
        Any setting of :class:`alyx.settings.Settings`; first in rank, before ``ALYX_*``
        variables and ``alyx.toml``. Naming a store (``home``, ``database_url``) leads there
        even within a Hub.

    Raises
    ------
    ConfigurationError
        A setting is wrong, or the API's token is missing.
    ServiceError
        API or database cannot be reached.

    Examples
    --------
    >>> session = connect()                                     # doctest: +SKIP
    >>> session.query("cms-dimuon-2010", "MET.pt > 20").count() # doctest: +SKIP
    Count(value=12, exact=True)
    """
    given = reading.load(**settings)
    if {"home", "database_url"} & set(settings) and not settings.get("api_url"):
        given = replace(given, api_url="")
    return Session(_backend(given))


def _backend(given: Settings) -> Backend:
    if given.api_url:
        from alyx.session.api_backend import ApiBackend

        token = given.api_token or os.environ.get("JUPYTERHUB_API_TOKEN", "")
        if not token:
            message = "The API needs a token: set ALYX_API_TOKEN, or give api_token."
            raise ConfigurationError(message)
        return ApiBackend(given.api_url, token)
    from alyx.session.store_backend import StoreBackend

    return StoreBackend.open(given)
