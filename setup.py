"""Packaging of the five rooms; metadata stand in setup.cfg.

The JupyterLab extension is one more sub-command of ``build``. ``ALYX_LAB`` says what to do where
npm is missing: ``auto`` (default) goes on without the extension, ``skip`` never builds it,
``require`` fails. Editable installs leave it to ``make lab``, which links the built folder.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from setuptools import Command, Distribution, find_packages, setup
from setuptools.command.build import build

ROOMS = ("alyx_lib", "dask_cluster", "hub", "kernels", "extensions")
LAB = Path("extensions", "labextension")
BUILT = LAB / "labextension"
SHARE = "share/jupyter/labextensions/@alyx/lab"
KERNEL = ("share/jupyter/kernels/alyx", ["kernels/alyx_kernel/kernelspec/kernel.json"])
LABCONFIG = ("etc/jupyter/labconfig", ["extensions/config/default_setting_overrides.json"])
SERVER = ("etc/jupyter/jupyter_server_config.d", ["extensions/config/jupyter_alyx.json"])
#: Folders that stand in the checkout, and below share/alyx in an installation.
SHIPPED = [
    ("share/alyx/notebooks", [str(path) for path in sorted(Path("notebooks").glob("*.ipynb"))]),
    ("share/alyx/hub/proxy", ["hub/proxy/package.json", "hub/proxy/package-lock.json"]),
]


class BuildLab(Command):
    """Build the JupyterLab extension with npm, and list what came out as data files."""

    editable_mode = False
    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self):
        """Nothing to choose: the environment variable ALYX_LAB says it."""

    def finalize_options(self):
        """Nothing to check."""

    def run(self):
        """Build where that is wanted, and install what is built."""
        if self.editable_mode:
            return
        wanted = os.environ.get("ALYX_LAB", "auto")
        if wanted != "skip" and not (BUILT / "package.json").exists():
            self._build(required=wanted == "require")
        self.distribution.data_files.extend(_built_files())

    def _build(self, *, required):
        npm = shutil.which("npm")
        if npm is not None:
            subprocess.check_call([npm, "ci"], cwd=LAB)
            subprocess.check_call([npm, "run", "build"], cwd=LAB)
        elif required:
            raise SystemExit("ALYX: npm is needed to build the JupyterLab extension.")
        else:
            self.warn("npm was not found: ALYX is installed without its JupyterLab panels.")

    def get_source_files(self):
        """Return what an sdist must hold."""
        return [str(path) for path in _sources() if path.is_file()]

    def get_outputs(self):
        """Return nothing: data files are listed by the distribution."""
        return []

    def get_output_mapping(self):
        """Return nothing, as above."""
        return {}


def _sources():
    yield from (path for path in LAB.iterdir() if path.is_file())
    for folder in ("src", "style", "tests"):
        yield from (LAB / folder).rglob("*")


def _built_files():
    """Return the built extension as data files, one entry a folder."""
    if not (BUILT / "package.json").exists():
        return []
    folders = {path.parent for path in BUILT.rglob("*") if path.is_file()}
    files = [
        (
            "/".join((SHARE, *folder.relative_to(BUILT).parts)),
            [str(path) for path in sorted(folder.iterdir()) if path.is_file()],
        )
        for folder in sorted(folders)
    ]
    return [*files, (SHARE, [str(LAB / "install.json")])]


class BuildWithLab(build):
    """``build``, and the JupyterLab extension."""

    sub_commands: ClassVar = [*build.sub_commands, ("build_lab", None)]


class AlyxDistribution(Distribution):
    """A distribution whose data files are installed in editable mode too."""

    # editable_wheel asks for has_data before it installs data files
    has_data = Distribution.has_data_files


setup(
    packages=[package for room in ROOMS for package in find_packages(room)],
    include_package_data=True,
    data_files=[SERVER, LABCONFIG, KERNEL, *SHIPPED],
    distclass=AlyxDistribution,
    cmdclass={"build": BuildWithLab, "build_lab": BuildLab},
)
