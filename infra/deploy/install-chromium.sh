#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: prints its path.
# SALESTAPE_CHROMIUM names one; otherwise the PATH is searched. As root on Debian its headless shell is
# installed, also beside another one: it is the same browser without windows, and takes half the time.
# Where there is none, says what to do; that is an error on CI only (CI=true), where the tests that
# need it would fail.
set -eu

find_chromium() {
    for candidate in "$@"; do
        if "$candidate" --version >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

install() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
    echo "Installing Chromium for the browser tests." >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends chromium-headless-shell >&2 ||
        find_chromium chromium >&2 ||
        apt-get install -y -qq --no-install-recommends chromium >&2
}

if [ -n "${SALESTAPE_CHROMIUM:-}" ]; then
    find_chromium "$SALESTAPE_CHROMIUM" && exit 0
    echo "SALESTAPE_CHROMIUM=$SALESTAPE_CHROMIUM does not run." >&2
else
    find_chromium chromium-headless-shell && exit 0
    install || true
    find_chromium chromium-headless-shell chromium chromium-browser google-chrome && exit 0
    echo "There is no Chromium here, so the browser tests cannot run. Install it (on Debian:" >&2
    echo "apt-get install chromium-headless-shell), or name one in SALESTAPE_CHROMIUM." >&2
fi
[ "${CI:-}" != true ]
