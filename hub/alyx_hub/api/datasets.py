"""The data sets."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from alyx.store import Store
from alyx_hub.api.models import DatasetOut, DatasetsOut
from alyx_hub.api.security import needs

router = APIRouter(tags=["datasets"], dependencies=[Depends(needs("read:datasets"))])


def opened(request: Request) -> Store:
    """Return the service's store."""
    store: Store = request.app.state.store
    return store


Opened = Annotated[Store, Depends(opened)]


@router.get("/datasets", response_model=DatasetsOut)
def datasets(store: Opened) -> dict[str, Any]:
    """List all data sets with their size, snapshot and schema."""
    return {"datasets": [info.as_json() for info in store.datasets()]}


@router.get("/datasets/{name}", response_model=DatasetOut)
def dataset(name: str, store: Opened) -> dict[str, Any]:
    """Describe one data set; a wrong name gets the near ones."""
    return store.dataset(name).as_json()
