"""The machine that the numbers come from: processor and versions, no names of hosts."""

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

import threadpoolctl

__all__ = ["load", "sentence"]


def processor() -> str:
    """Return the processor's model; Linux alone tells it in a file."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def blas() -> str:
    """Return numpy's linear algebra, with the kernels that it chose for this processor."""
    import numpy as np

    np.ones((2, 2)) @ np.ones((2, 2))
    for library in threadpoolctl.threadpool_info():
        if library["user_api"] == "blas" and "numpy" in library["filepath"]:
            kernels = library.get("architecture", "unknown")
            return f"{library['internal_api']} {library['version']} ({kernels} kernels)"
    return "an unknown BLAS"


def load() -> str:
    """Return how many programs waited for the cores in the last minute, where the system tells."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def sentence(*packages: str) -> str:
    """Return date, processor, and the versions of those packages that are installed."""
    found = [f"Python {platform.python_version()}"]
    for name in packages:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return f"{today}, {processor()}, {os.cpu_count()} cores; {', '.join([*found, blas()])}."
