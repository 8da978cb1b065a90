#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: prints its path.
# SALESTAPE_CHROMIUM names one; otherwise the PATH is searched, and as root on Debian it is installed.
# Where there is none, says what to do; that is an error on CI only (CI=true), where the tests that
# need it would fail.
set -eu

find_chromium() {
    for candidate in ${SALESTAPE_CHROMIUM:-chromium chromium-browser google-chrome}; do
        if "$candidate" --version >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

find_chromium && exit 0

if [ -z "${SALESTAPE_CHROMIUM:-}" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests." >&2
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends chromium >&2; then
        find_chromium && exit 0
    fi
fi

if [ -n "${SALESTAPE_CHROMIUM:-}" ]; then
    echo "SALESTAPE_CHROMIUM=$SALESTAPE_CHROMIUM does not run." >&2
else
    echo "There is no Chromium here, so the browser tests cannot run. Install it (on Debian:" >&2
    echo "apt-get install chromium), or name one in SALESTAPE_CHROMIUM." >&2
fi
[ "${CI:-}" != true ]
