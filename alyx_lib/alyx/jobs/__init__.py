"""Jobs: an analysis over a whole selection, chunk by chunk, with a receipt.

:mod:`~alyx.jobs.desk` takes jobs in, :mod:`~alyx.jobs.ledger` keeps them,
:mod:`~alyx.jobs.attempt` runs one on an :mod:`~alyx.jobs.engine`.
"""
