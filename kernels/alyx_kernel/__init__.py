"""The kernel "ALYX (Python 3)": ipykernel, with ``alyx`` there from its start."""
