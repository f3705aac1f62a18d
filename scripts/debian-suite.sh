#!/usr/bin/env bash
# Unpacks packages of another Debian suite into a folder, without root and without touching the system:
#
#     scripts/debian-suite.sh SUITE FOLDER PACKAGE...        scripts/debian-suite.sh forky .cache/forky prometheus promtool
#
# The mirror and the architecture are those of this machine; apt verifies every package with Debian's archive keyring. A
# folder that already holds these packages of this suite is left as it is; remove it to get newer ones.
set -euo pipefail

fail() {
    echo "debian-suite: $*" >&2
    exit 1
}

[ $# -ge 3 ] || fail "usage: $(basename "$0") SUITE FOLDER PACKAGE..."
suite=$1
case $2 in /*) folder=$2 ;; *) folder=$PWD/$2 ;; esac  # apt-get is run in another folder
shift 2

architecture_of() { dpkg --print-architecture 2>/dev/null || true; }

stamp="$suite $(architecture_of) $*"
if [ "$(cat "$folder/.debian-suite" 2>/dev/null || true)" = "$stamp" ]; then
    echo "$folder: already has $*"
    exit 0
fi

if [ -d "$folder" ] && [ ! -e "$folder/.debian-suite" ] && [ -n "$(ls -A "$folder")" ]; then
    fail "$folder is there and was not made by this script; name another folder"
fi
for tool in apt-get dpkg; do
    command -v "$tool" >/dev/null || fail "there is no $tool here; this works on Debian and its derivatives only"
done
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
[ -r "$keyring" ] || fail "no $keyring; install the package debian-archive-keyring, or set DEBIAN_KEYRING"

# The mirror that this machine uses for Debian itself; on Ubuntu there is none, so it must be named.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' 2>/dev/null \
    | awk '$2 == "Debian" { print $1; exit }')}
[ -n "$mirror" ] || fail "apt knows no Debian mirror (sources of apt, after apt-get update); set DEBIAN_MIRROR to one"

# Beside the folder, so that the last step is one rename within a file system.
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/.debian-suite-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
# apt downloads as its own user where it is started by root.
chmod 755 "$work"
echo "deb [arch=$(architecture_of) signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
options=(
    -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache"
    -o APT::Get::List-Cleanup=0 -o Acquire::Retries=3 -o APT::Sandbox::User=
)
apt-get "${options[@]}" -qq update >"$work/log" 2>&1 || fail "apt-get update: $(tail -n 2 "$work/log")"
# A suite that does not exist is only a warning of apt-get update.
if ! (cd "$work/debs" && apt-get "${options[@]}" -qq download "$@" >"$work/log" 2>&1); then
    fail "$suite of $mirror: $(grep -m 3 '^[EW]:' "$work/log" || tail -n 1 "$work/log")"
fi
for package in "$work"/debs/*.deb; do
    dpkg -x "$package" "$work/root" || fail "dpkg cannot unpack $(basename "$package")"
done
echo "$stamp" >"$work/root/.debian-suite"
rm -rf "$folder"
mv "$work/root" "$folder"
echo "$folder: $*"
