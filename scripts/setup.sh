#!/bin/sh
# Sets up what a make target needs, and nothing twice: `sh scripts/setup.sh lab|check|test`.
#
#   lab    .venv with the package and JupyterLab, and a Prometheus binary
#   check  .venv with the linters and the type checker
#   test   all of these, Chromium and a Chinese font (with root, through the system's package manager)
#
# A stamp per profile holds the checksum of what was installed, so that a second run only looks at the stamps.
set -eu
cd "$(dirname "$0")/.."
profile=${1:?"usage: sh scripts/setup.sh lab|check|test"}
venv=.venv
mkdir -p .cache

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

is_root() { [ "$(id -u)" = 0 ]; }

# Packages of the system, only with root and apt-get; a failure is the caller's to judge.
system_packages() {
    is_root && command -v apt-get >/dev/null || return 1
    say "installing $* (apt-get)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >.cache/apt.log 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed; name it with PYTHON=/path/to/python make ..."
}

make_venv() {
    python=$(find_python)
    say "making $venv with $("$python" --version)"
    "$python" -m venv "$venv" >.cache/venv.log 2>&1 && return
    rm -rf "$venv"
    # Debian ships Python without ensurepip; python3-venv brings it.
    system_packages python3-venv && "$python" -m venv "$venv" >.cache/venv.log 2>&1 && return
    rm -rf "$venv"
    fail "cannot make $venv (.cache/venv.log says why); on Debian: apt-get install python3-venv"
}

# The package with these extras; all of them together serve every profile.
install_extras() {
    # An editable install copies the JupyterLab extension, so a new bundle calls for a new install.
    sum=$(cat pyproject.toml monitorkit/labextension/package.json | cksum)
    for done in "$1" lab,test,check; do
        if [ "$(cat "$venv/.monitorkit-$done" 2>/dev/null)" = "$sum" ]; then
            return
        fi
    done
    say "installing the package with [$1]; a minute or two the first time"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$1]" 2>.cache/pip.log \
        || { cat .cache/pip.log >&2; fail "pip could not install [$1]"; }
    printf '%s' "$sum" >"$venv/.monitorkit-$1"
}

install_prometheus() {
    "$venv/bin/monitorkit" install prometheus --quiet || fail "no Prometheus; see above for what to do by hand"
}

# Only the tests need one; they say so where it is missing.
install_node_exporter() {
    "$venv/bin/monitorkit" install node_exporter --quiet || [ -z "${MONITORKIT_FORBID_SKIPS:-}" ] \
        || fail "no node exporter; see above for what to do by hand"
}

find_chromium() {
    for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$candidate" ] && command -v "$candidate" 2>/dev/null; then
            return
        fi
    done
    return 1
}

install_chromium() {
    if ! find_chromium >/dev/null; then
        system_packages chromium fonts-dejavu-core fonts-wqy-microhei \
            || say "no Chromium and no root to install it: the browser tests are skipped"
    fi
}

# Programs to test on, an old and a new one, each of its Debian suite: the paths of PROGRAM, with a colon between them,
# from the first of these sets of packages that the suite has.
suite_programs() {
    program=$1
    shift
    found=
    for suite in bookworm forky; do
        folder=.cache/$program-$suite
        for packages in "$@"; do
            # shellcheck disable=SC2086 # a set of packages is several words
            if bash scripts/debian-suite.sh $suite "$folder" $packages >.cache/debian-$program-$suite.log 2>&1; then
                found="${found:+$found:}$PWD/$folder/usr/bin/$program"
                continue 2
            fi
        done
        [ -z "${MONITORKIT_FORBID_SKIPS:-}" ] \
            || fail "no $program of $suite; .cache/debian-$program-$suite.log says why"
    done
    echo "$found"
}

# MONITORKIT_TEST_PROMETHEUS given from outside wins; where there is no Debian, the one that the package finds.
test_prometheus() {
    # promtool is a package of its own in the newer suites only.
    found=${MONITORKIT_TEST_PROMETHEUS:-$(suite_programs prometheus "prometheus promtool" prometheus)}
    if [ -z "$found" ]; then
        say "no Debian to get an old and a new Prometheus from: tested on one version only"
        found=$("$venv/bin/monitorkit" install prometheus --quiet --print-path)
    fi
    echo "$found"
}

test_victoria_metrics() {
    found=${MONITORKIT_TEST_VICTORIA_METRICS:-$(suite_programs victoria-metrics victoria-metrics)}
    [ -n "$found" ] || say "no Debian to get VictoriaMetrics from: tested on Prometheus only"
    echo "$found"
}

[ -x "$venv/bin/python" ] || make_venv
case $profile in
lab)
    install_extras lab
    install_prometheus
    ;;
check)
    install_extras lab,test,check
    ;;
test)
    install_extras lab,test,check
    install_prometheus
    install_node_exporter
    install_chromium
    prometheus=$(test_prometheus)
    victoria_metrics=$(test_victoria_metrics)
    {
        printf "export MONITORKIT_TEST_PROMETHEUS='%s'\n" "$prometheus"
        printf "export MONITORKIT_TEST_VICTORIA_METRICS='%s'\n" "$victoria_metrics"
        printf "export CHROMIUM='%s'\n" "$(find_chromium || true)"
    } >.cache/test.env
    ;;
*)
    fail "no profile '$profile'; lab, check or test"
    ;;
esac
