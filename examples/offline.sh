#!/usr/bin/env bash
# Makes a folder with which a computer without network gets evtool: a file that runs, wheels with hashes, a README.
#
#     bash examples/offline.sh OUT [PLATFORM...]
#
# OUT must be new. PLATFORM is linux-x86_64, linux-aarch64, macos-arm64 or windows-amd64; all four if none is named. For
# Macs with an Intel processor, a library that evtool needs offers no wheels. Each file runs with every Python of
# PYTHONS ("3.11 3.12 3.13"). This computer needs network, and Python 3.11 or newer (PYTHON, python3).
#
# Every library has to have a hash that is in requirements.txt, beside this script. The tools that build the folder (pip,
# shiv, hatchling) come from the index without a hash; shiv puts code of its own into the files that run. To pin newer
# versions of the libraries:
#
#     uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
#         pyproject.toml -o examples/requirements.txt
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: bash examples/offline.sh OUT [PLATFORM...]}
shift
[ -e "$out" ] && { echo "offline.sh: $out already exists; name a new folder" >&2; exit 2; }
[ $# -gt 0 ] || set -- linux-x86_64 linux-aarch64 macos-arm64 windows-amd64
pythons=${PYTHONS:-3.11 3.12 3.13}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# pip tries these in their order: wheels for the oldest systems first.
tags() {
  case $1 in
    linux-*) for version in 2014 _2_17 _2_28 _2_34; do echo "manylinux${version}_${1#linux-}"; done ;;
    macos-arm64) echo macosx_12_0_arm64 ;;
    windows-amd64) echo win_amd64 ;;
    *) echo "offline.sh: $1 is none of the platforms" >&2; exit 2 ;;
  esac
}
for platform in "$@"; do tags "$platform" >"$work/$platform"; done

"${PYTHON:-python3}" -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
# A newer pip writes no marker of this computer into what it installs, and knows newer wheels.
pip install "shiv==1.0.8"
mkdir -p "$work/out/wheels"
pip wheel --no-deps --wheel-dir "$work/out/wheels" "$here/.."
wheel=$(cd "$work/out/wheels" && echo evtool-*.whl)
version=$(echo "$wheel" | cut -d- -f2)

# Markers would be those of this computer; each platform needs nearly the same.
sed 's/ ;[^\\]*/ /' "$here/requirements.txt" >"$work/requirements.txt"
for platform in "$@"; do
  for python in $pythons; do
    # shellcheck disable=SC2046
    pip download --no-deps --only-binary :all: --require-hashes --requirement "$work/requirements.txt" \
      $(printf -- '--platform %s ' $(cat "$work/$platform")) --python-version "$python" --dest "$work/out/wheels"
  done
done

# What pip needs to install from the folder alone: hashes of the wheels that are in it, and of nothing else.
{
  (cd "$work/out/wheels" && echo "evtool==$version --hash=sha256:$(sha256sum "$wheel" | cut -c1-64)")
  "$work/venv/bin/python" - "$work/requirements.txt" "$work/out/wheels" <<'PROGRAM'
import hashlib, pathlib, re, sys

wheels = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(pathlib.Path(sys.argv[2]).iterdir())}
for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", pathlib.Path(sys.argv[1]).read_text(), re.M):
    ours = [sha256 for path, sha256 in wheels.items() if path.name.lower().startswith(f"{name.replace('-', '_')}-")]
    print(f"{name}=={version}", *(f"--hash=sha256:{sha256}" for sha256 in ours))
PROGRAM
} >"$work/out/requirements.txt"

# One file for a platform holds the compiled parts for every Python: each takes those that bear its number.
for platform in "$@"; do
  for python in $pythons; do
    # shellcheck disable=SC2046
    pip install --no-index --find-links "$work/out/wheels" --no-deps --no-compile --only-binary :all: \
      --require-hashes --requirement "$work/out/requirements.txt" \
      $(printf -- '--platform %s ' $(cat "$work/$platform")) --python-version "$python" --target "$work/one"
    rm -rf "$work/one/bin"
    mkdir -p "$work/site-$platform"
    cp -r "$work/one/." "$work/site-$platform/"
    rm -rf "$work/one"
  done
  "$work/venv/bin/shiv" --compressed --reproducible --console-script evtool \
    --site-packages "$work/site-$platform" --output-file "$work/out/evtool-$platform.pyz"
done

sed "s/VERSION/$version/g" "$here/offline-README.txt" >"$work/out/README.txt"
(cd "$work/out" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)
mv "$work/out" "$out"
echo "$out: evtool $version for $*, Python $pythons"
echo "Read the SHA-256 of SHA256SUMS to whoever carries it, by another way:"
echo "  $(sha256sum <"$out/SHA256SUMS" | cut -c1-64)"
