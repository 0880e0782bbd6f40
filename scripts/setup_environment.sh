#!/bin/sh
# Make the environment in .venv, and install the system libraries that Qt and OpenGL need.
#
# usage: scripts/setup_environment.sh [--virtual-display]
#
# Installs nothing on a machine that has what is needed. System packages are installed with apt when run as root;
# otherwise the line to run is printed and the script ends with exit code 1.
set -eu
cd "$(dirname "$0")/.."

DISPLAY_OPTION="${1:-}"
EXTRAS="analysis,nwb,notebook,docs,explorer,cluster,dev"
STAMP=.venv/.ready

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

install_system_packages() {
    [ -n "$1" ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        fail "Some system packages are missing. Install them with this line, then run make again:

    sudo apt-get update && sudo apt-get install -y $1
"
    fi
    echo "Installing system packages: $1"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $1 >/dev/null
}

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13; do
        if is_supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    install_system_packages "python3 python3-venv"
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed. Install one, or name it: make PYTHON=/path/to/python3.12 ..."
fi

packages=$("$python" scripts/system_packages.py $DISPLAY_OPTION)
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && [ ! -x .venv/bin/pip ]; then
    packages="$packages $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
fi
install_system_packages "$packages"

# The programs of an environment hold its absolute path, so one that was moved or copied is made anew.
wanted="$(pwd) $(cat setup.cfg pyproject.toml constraints.txt | cksum)"
[ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$wanted" ] && is_supported .venv/bin/python && exit 0

if ! is_supported .venv/bin/python || ! head -n 2 .venv/bin/pip 2>/dev/null | grep -qF "$(pwd)/.venv/"; then
    rm -rf .venv
    echo "Making the environment in .venv with $("$python" --version)"
    "$python" -m venv .venv
fi
rm -f "$STAMP"
echo "Installing the Python packages (a few minutes the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip setuptools
PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
    --no-build-isolation -e ".[$EXTRAS]"
echo "$wanted" >"$STAMP"
