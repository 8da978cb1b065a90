#!/bin/sh
# Prints a Python that can install Salestape: 3.11 or newer, with venv and pip.
# PYTHON names one to use; otherwise the PATH is searched. Exits 1, saying why, when there is none.
set -eu

works() {
    # A name on the PATH may be a stand-in that only says how to get the real one, so each is run.
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if works "$PYTHON"; then
        command -v "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON is not Python 3.11 or newer with venv and ensurepip." >&2
    exit 1
fi

for candidate in python3.13 python3.12 python3.11 python3 python; do
    if works "$candidate"; then
        command -v "$candidate"
        exit 0
    fi
done

echo "Salestape needs Python 3.11 or newer, with venv. None was found on the PATH." >&2
if python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    echo "python3 is new enough but lacks venv; on Debian and Ubuntu it is in python3-venv." >&2
fi
echo "Install one, or name it: make install PYTHON=/path/to/python3.11" >&2
exit 1
