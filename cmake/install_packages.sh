# SPDX-License-Identifier: MIT
# To be sourced: install_packages GROUP... installs what is missing of the Debian packages of these groups, and says so first.

# group, package, what it is for
packages='
build    make                 runs the build
program  libcli11-dev         options of the programs
program  nlohmann-json3-dev   checkpoints and token lists (JSON)
program  libpng-dev           reads and writes PNG pictures
program  libjpeg-dev          reads JPEG photos
test     libeigen3-dev        linear algebra that tests and benchmarks compare with
test     catch2               runs the tests
test     libbenchmark-dev     the benchmarks, each of which also runs as a short test
test     python3-pil          reads pictures of rasterised drawings
test     libthrust-dev        the Thrust backend on a machine without CUDA
test     librsvg2-bin         draws SVG files again, to compare them with what they were made from
ci       ccache               compiles again only what changed
ci       g++-aarch64-linux-gnu       the same bits on other processors: 64-bit ARM
ci       g++-arm-linux-gnueabihf     32-bit ARM
ci       g++-riscv64-linux-gnu       RISC-V
ci       g++-powerpc64le-linux-gnu   POWER
ci       g++-s390x-linux-gnu         IBM Z, whose bytes are the other way round
ci       g++-i686-linux-gnu          32-bit x86
ci       qemu-user            runs programs of other processors
ci       emscripten           compiles to WebAssembly
ci       clang-14             reads the headers: the oldest Clang that is taken
ci       clang-19             reads the headers
ci       clang-22             reads the headers: the newest Clang of Debian 12
'

# Is this Debian package installed?
has_package() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# unpack_libcxx FOLDER VERSION...: the headers of these versions of libc++, which exclude each other when installed.
unpack_libcxx() {
  folder=$1
  shift
  mkdir -p "$folder"
  for version in "$@"; do
    if [ ! -d "$folder/usr/lib/llvm-$version/include/c++" ]; then
      (cd "$folder" && apt-get download -qq "libc++-$version-dev" && dpkg -x "libc++-$version-dev"_*.deb . &&
        rm "libc++-$version-dev"_*.deb) || echo "libc++ $version could not be had: it is not tested" >&2
    fi
  done
}

install_packages() {
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is no Debian: nothing is installed here. Needed are Debian's packages or their like:"
    printf '%s' "$packages" | sed '/^$/d; s/^/  /'
    return 0
  fi

  missing=''
  reasons=''
  while read -r group package reason; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    if ! has_package "$package"; then
      missing="$missing $package"
      reasons="$reasons$(printf '\n  %-20s %s' "$package" "$reason")"
    fi
  done <<LIST
$packages
LIST
  if [ -z "$missing" ]; then return 0; fi

  echo "These Debian packages are missing and will be installed now (apt-get install):$reasons"
  as_root=''
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "Installing needs root, and there is no sudo here. As root: apt-get install$missing" >&2
      return 1
    fi
    as_root='sudo'
  fi
  # A package list that could not be renewed is no reason to stop: the one at hand may do.
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update -qq ||
    echo "apt-get update failed; going on with the package list at hand" >&2
  # shellcheck disable=SC2086  # one word a package
  if ! $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $missing </dev/null; then
    echo "apt-get could not install$missing; its own message stands above. Nothing was built." >&2
    return 1
  fi
  for package in $missing; do
    if ! has_package "$package"; then
      echo "The package $package is still not installed after apt-get install. Nothing was built." >&2
      return 1
    fi
  done
}
