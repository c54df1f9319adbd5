"""The library's front: one session, whether it speaks to the API or straight to the store."""

from alyx.session.connection import connect
from alyx.session.events import Events
from alyx.session.front import Session
from alyx.session.job import Job

__all__ = ["Events", "Job", "Session", "connect"]
