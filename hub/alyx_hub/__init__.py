"""The hub room: the API service and the dispatcher of jobs."""
