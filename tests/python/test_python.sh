#!/bin/sh
# test_python.sh: the tests of the Python package, where there is a Python; they use the library of this build.
if ! command -v python3 >/dev/null 2>&1 || ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
    echo "tests/python/test_python.sh: SKIPPED: no python3 of version 3.8 or later: the Python package is not tested"
    echo "tests/python/test_python.sh: 0 passed, 0 failed, 1 skipped"
    exit 0
fi
VIT_LIBRARY=$(cd "${LIB:-lib}" && pwd)/libvit.so PYTHONDONTWRITEBYTECODE=1 exec python3 bindings/python/tests/test_python.py
