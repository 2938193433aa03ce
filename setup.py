"""The folders at the top of the repository are one import package, `stepwell`; only their list is made here."""

from setuptools import find_packages, setup

ROOTS = {
    "stepwell": "compiler",
    "stepwell.dialects": "dialects",
    "stepwell.passes": "passes",
    "stepwell.targets": "targets",
    "stepwell.runtime": "runtime",
    "stepwell.tools": "tools",
}

setup(
    package_dir=ROOTS,
    packages=[p for name, folder in ROOTS.items() for p in (name, *(f"{name}.{s}" for s in find_packages(folder)))],
)
