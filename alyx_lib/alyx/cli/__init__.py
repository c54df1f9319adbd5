"""The ``alyx`` command: parse, call, print.

Every sub-command is an entry point of the group ``alyx.commands``, ``name = module:command``,
so the other rooms add theirs (``up``, ``down``, ``demo``) without this one knowing them.
"""
