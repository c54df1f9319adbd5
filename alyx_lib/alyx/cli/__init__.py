"""The ``alyx`` command."""
