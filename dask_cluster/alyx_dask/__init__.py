"""Jobs on Dask: clusters from Dask Gateway, and the way of chunks through them."""
