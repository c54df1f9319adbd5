"""Whether the service lives: the only route without a token."""

from fastapi import APIRouter

from alyx_hub.api.models import Health

router = APIRouter(tags=["service"])


@router.get("/health")
async def health() -> Health:
    """Say that the service answers; asks nothing of database or Hub."""
    return Health()
