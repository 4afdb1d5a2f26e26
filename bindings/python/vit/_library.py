"""Finds and loads the shared library."""

import ctypes
import os
import sys
from typing import List

#: The library must be of this major version and at least this minor one.
MAJOR, MINOR = 1, 0

if sys.platform == "win32":
    _NAMES = ["vit-1.dll", "vit.dll", "libvit.dll"]
elif sys.platform == "darwin":
    _NAMES = ["libvit.1.dylib", "libvit.dylib"]
else:
    _NAMES = ["libvit.so.1", "libvit.so"]


def candidates() -> List[str]:
    """Where the library is looked for, in this order. VIT_LIBRARY, when set, is the only place."""
    chosen = os.environ.get("VIT_LIBRARY")
    if chosen:
        return [chosen]
    here = os.path.dirname(os.path.abspath(__file__))
    source_tree = os.path.normpath(os.path.join(here, "..", "..", "..", "lib"))
    places = [os.path.join(folder, name) for folder in (here, source_tree) for name in _NAMES]
    return places + _NAMES  # a bare name is the system loader's search


def load() -> ctypes.CDLL:
    """The library as a ctypes.CDLL; OSError lists every place that was tried, with the reason."""
    tried = []
    for place in candidates():
        if os.path.dirname(place) and not os.path.exists(place):
            tried.append(f"{place}: no such file")
            continue
        try:
            library = ctypes.CDLL(place)
            library.vit_version.restype = ctypes.c_int32
            library.vit_version.argtypes = []
            version = library.vit_version()
        except (OSError, AttributeError) as error:
            tried.append(f"{place}: {error}")
            continue
        if version // 10000 == MAJOR and version // 100 % 100 >= MINOR:
            return library
        tried.append(f"{place}: has version {version}, but this package needs {MAJOR}.{MINOR} or a later {MAJOR}.x")
    raise OSError(
        "the vit library was not found. Build it with `make` in the source tree, install it, or set VIT_LIBRARY to its path. "
        "Tried:\n  " + "\n  ".join(tried)
    )
