"""Who asks, and whether their scopes allow it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache

from fastapi import Request
from jupyterhub.services.auth import HubOAuth, check_scopes
from tornado.web import HTTPError

from alyx.errors import AccessError, ServiceError, UnknownTokenError

#: What every custom scope of ALYX begins with.
PREFIX = "custom:alyx:"
#: Seconds for which the Hub's answer about a token is kept: revoked rights end within these.
CACHE_SECONDS = 5
TOKEN = re.compile(r"(?:bearer|token)\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class User:
    """The owner of a token.

    Parameters
    ----------
    name
        The Hub's user name.
    scopes
        What the token may do, as the Hub expands it.
    admin
        Whether the user sees and moves what belongs to others.
    """

    name: str
    scopes: frozenset[str] = field(default=frozenset(), repr=False)
    admin: bool = False

    def may(self, scope: str) -> bool:
        """Return whether the token has a scope of ALYX, as ``read:jobs``, for its owner.

        Examples
        --------
        >>> marie = User("marie", frozenset({"custom:alyx:read:jobs!user=marie"}))
        >>> marie.may("read:jobs"), marie.may("write:jobs")
        (True, False)
        """
        wanted = f"{PREFIX}{scope}!user={self.name}"
        return bool(check_scopes({wanted}, set(self.scopes)))


#: Returns the owner of a token, or None for a token that nobody owns; may be a coroutine.
Authenticator = Callable[[str], "User | Awaitable[User | None] | None"]


class HubAuthenticator:
    """Ask the Hub who owns a token; its answers are kept for a few seconds."""

    def __init__(self) -> None:
        self._hub = HubOAuth(cache_max_age=CACHE_SECONDS)

    async def __call__(self, token: str) -> User | None:
        """Return the token's owner."""
        try:
            model = await self._hub.user_for_token(token, sync=False)
        except HTTPError as error:
            message = "The Hub did not answer who owns the token. Try again in a moment."
            raise ServiceError(message) from error
        if model is None:
            return None
        scopes = frozenset(model["scopes"])
        return User(model["name"], scopes, bool(model.get("admin")) or "admin:users" in scopes)


async def signed_in(request: Request) -> User:
    """Return who asks; 401 without a token that someone owns."""
    given = TOKEN.fullmatch(request.headers.get("Authorization", ""))
    if given is None:
        raise UnknownTokenError("Send a token of the Hub: Authorization: Bearer TOKEN.")
    found = request.app.state.authenticate(given[1])
    user: User | None = await found if inspect.isawaitable(found) else found
    if user is None:
        raise UnknownTokenError("The Hub knows no such token, or it has expired. Make a new one.")
    request.state.user = user
    return user


async def authorise(request: Request, scope: str) -> User:
    """Return who asks if their token has the scope; long streams call this again and again."""
    user = await signed_in(request)
    if not user.may(scope):
        message = f"Your token lacks the scope {PREFIX}{scope}. Ask the Hub's administrator for it."
        raise AccessError(message)
    return user


@cache
def needs(scope: str) -> Callable[[Request], Awaitable[User]]:
    """Return the dependency that lets in only tokens with a scope of ALYX.

    Parameters
    ----------
    scope
        Without its prefix: ``read:datasets``, ``read:events``, ``write:events``,
        ``read:jobs``, ``write:jobs``.
    """

    async def allowed(request: Request) -> User:
        return await authorise(request, scope)

    return allowed
