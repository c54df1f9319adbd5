"""alyx-api: the Hub service through which users reach data sets, queries, events and jobs.

Stateless, so that it can have replicas; every answer is decided by the scopes of the token
that asks. :func:`create_app` is the whole wiring.
"""

from alyx_hub.api.app import create_app
from alyx_hub.api.security import User, needs

__all__ = ["User", "create_app", "needs"]
