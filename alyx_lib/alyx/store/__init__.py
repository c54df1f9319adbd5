"""The event store: headers in PostgreSQL, payload in chunk files on an object store."""
