#!/bin/sh
# SPDX-License-Identifier: MIT
# The same bits on other processors: compiles tests/exactness/fingerprint.cpp for each processor whose compiler is
# installed, runs it (under qemu where it is not this machine's), and compares every hash with this machine's.
# tests/exactness/processors.sh [-p PROGRAM] [FOLDER [PROCESSOR...]], tests/exactness/processors.sh --names
# Programs and hashes are kept in FOLDER, a temporary one by default; all processors are taken by default. PROGRAM prints
# this machine's hashes; without it the first processor of the list does. Ends with 77 where nothing could be compared.
set -eu

# name, compiler, runner, flags. Where there are fused multiply-adds, GCC makes its own of products and sums with
# -fexpensive-optimizations. Emscripten's compiler is the Clang above, and slow.
processors='
x86-64             g++                         -                -O1 -DDHT_NO_DISPATCH
x86-64-avx         g++                         -                -O2
x86-64-clang       clang++-14                  -                -O1 -DDHT_NO_DISPATCH
aarch64            aarch64-linux-gnu-g++       qemu-aarch64     -O1 -fexpensive-optimizations -static
armhf              arm-linux-gnueabihf-g++     qemu-arm         -O1 -Wno-psabi -static
riscv64            riscv64-linux-gnu-g++       qemu-riscv64     -O1 -fexpensive-optimizations -static
ppc64el            powerpc64le-linux-gnu-g++   qemu-ppc64le     -O1 -fexpensive-optimizations -static
s390x              s390x-linux-gnu-g++         qemu-s390x       -O1 -fexpensive-optimizations -static
i686-sse           i686-linux-gnu-g++          qemu-i386        -O1 -static -msse2 -mfpmath=sse
wasm               em++                        node             -O0 -pthread
'
names=$(printf '%s' "$processors" | awk 'NF { print $1 }')
if [ "${1:-}" = --names ]; then
  echo "$names"
  exit
fi

program_here=''
if [ "${1:-}" = -p ]; then
  program_here=$2
  shift 2
fi
if [ $# -gt 0 ]; then
  folder=$1
  shift
  mkdir -p "$folder"
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
# shellcheck disable=SC2086  # one word a name
if [ $# -eq 0 ]; then set -- $names; fi
cd "$(dirname "$0")/../.."
launcher=$(command -v ccache || true)

# build NAME COMPILER FLAGS LINK PROGRAM
build() {
  # shellcheck disable=SC2086  # one word a flag
  $launcher "$2" -std=c++20 $3 -I include -c tests/exactness/fingerprint.cpp -o "$folder/$1.o" &&
    "$2" $3 $4 "$folder/$1.o" -pthread -o "$5"
}

expected=''
if [ -n "$program_here" ]; then
  expected=$folder/$1.expected.txt
  "$program_here" >"$expected"
fi
compared=0
failed=0
printf '%-14s %-28s %s\n' processor compiler hashes
for name in "$@"; do
  line=$(printf '%s' "$processors" | awk -v name="$name" '$1 == name')
  if [ -z "$line" ]; then
    echo "$name: is none of" $names >&2
    exit 2
  fi
  read -r name compiler runner flags <<EOF
$line
EOF
  say() { printf '%-14s %-28s %s\n' "$name" "$compiler" "$1"; }
  if ! command -v "$compiler" >/dev/null || { [ "$runner" != - ] && ! command -v "$runner" >/dev/null; }; then
    say "skipped: not installed"
    continue
  fi
  program=$folder/$name
  link=''
  case $runner in
    -) runner='' ;;
    node)
      program=$program.js
      link='-O0 -sPTHREAD_POOL_SIZE=2 -sINITIAL_MEMORY=512MB -sEXIT_RUNTIME=1'
      runner='node --no-experimental-fetch' # or it would look for its file on a server
      ;;
  esac
  hashes=$folder/$name.txt
  if ! build "$name" "$compiler" "$flags" "$link" "$program"; then
    say "does not compile"
    failed=$((failed + 1))
  elif ! $runner "$program" >"$hashes"; then
    say "does not run"
    failed=$((failed + 1))
  elif [ ! -s "$hashes" ]; then
    say "prints nothing"
    failed=$((failed + 1))
  elif [ -z "$expected" ]; then
    expected=$hashes
    say "$(wc -l <"$hashes") to compare with, $(cksum <"$hashes" | cut -d ' ' -f 1)"
  elif ! cmp -s "$expected" "$hashes"; then
    say "differs"
    diff "$expected" "$hashes" || true
    failed=$((failed + 1))
  else
    say "$(wc -l <"$hashes") equal, $(cksum <"$hashes" | cut -d ' ' -f 1)"
    compared=$((compared + 1))
  fi
done
[ "$failed" -eq 0 ] || exit 1
[ "$compared" -gt 0 ] || exit 77
