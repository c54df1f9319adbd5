"""Packaging of the five rooms; metadata stand in setup.cfg."""

from setuptools import find_packages, setup

ROOMS = ("alyx_lib", "dask_cluster", "hub", "kernels", "extensions")

setup(
    packages=[package for room in ROOMS for package in find_packages(room)],
    include_package_data=True,
)
