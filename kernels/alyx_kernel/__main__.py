"""Start the kernel: ``python -m alyx_kernel -f FILE``."""

from __future__ import annotations

from ipykernel.kernelapp import IPKernelApp

# alyx itself imports its parts when they are used, so this costs the start almost nothing
STARTUP = ["import alyx"]

if __name__ == "__main__":
    IPKernelApp.launch_instance(exec_lines=STARTUP)
