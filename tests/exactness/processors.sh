#!/bin/sh
# SPDX-License-Identifier: MIT
# The same bits on other processors: compiles tests/exactness/fingerprint.cpp for each processor whose compiler is
# installed, runs it (under qemu where it is not this machine's), and compares every hash with this machine's.
# tests/exactness/processors.sh [FOLDER]: programs and hashes are kept there, a temporary folder by default.
set -eu
cd "$(dirname "$0")/../.."

if [ $# -gt 0 ]; then
  folder=$1
  mkdir -p "$folder"
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
launcher=$(command -v ccache || true)

# name, compiler, runner, flags
processors='
x86-64             g++                         -                -O1 -DDHT_NO_DISPATCH
x86-64-avx         g++                         -                -O2
x86-64-clang       clang++-14                  -                -O1 -DDHT_NO_DISPATCH
aarch64            aarch64-linux-gnu-g++       qemu-aarch64     -O1 -static
armhf              arm-linux-gnueabihf-g++     qemu-arm         -O1 -static
riscv64            riscv64-linux-gnu-g++       qemu-riscv64     -O1 -static
ppc64el            powerpc64le-linux-gnu-g++   qemu-ppc64le     -O1 -static
s390x              s390x-linux-gnu-g++         qemu-s390x       -O1 -static
i686-sse           i686-linux-gnu-g++          qemu-i386        -O1 -static -msse2 -mfpmath=sse
wasm               em++                        node             -O1 -pthread
'

expected=$folder/x86-64.txt
compared=0
failed=0
skipped=0
printf '%-14s %-28s %s\n' processor compiler hashes
# From a file, not a pipe, so that the counts are this shell's.
list=$folder/processors.list
printf '%s' "$processors" | sed '/^$/d' >"$list"
while read -r name compiler runner flags <&3; do
  if ! command -v "$compiler" >/dev/null || { [ "$runner" != - ] && ! command -v "$runner" >/dev/null; }; then
    printf '%-14s %-28s %s\n' "$name" "$compiler" "skipped: not installed"
    skipped=$((skipped + 1))
    continue
  fi
  program=$folder/$name
  link=''
  if [ "$runner" = node ]; then
    program=$program.js
    link='-O0 -sPTHREAD_POOL_SIZE=2 -sINITIAL_MEMORY=512MB -sEXIT_RUNTIME=1'
    runner='node --no-experimental-fetch'  # or it would look for its file on a server
  fi
  hashes=$folder/$name.txt
  if [ "$runner" = - ]; then runner=''; fi
  # shellcheck disable=SC2086  # one word a flag
  if ! $launcher "$compiler" -std=c++20 $flags -I include -c tests/exactness/fingerprint.cpp -o "$folder/$name.o" ||
    ! "$compiler" $flags $link "$folder/$name.o" -pthread -o "$program"; then
    printf '%-14s %-28s %s\n' "$name" "$compiler" "does not compile"
    failed=$((failed + 1))
    continue
  fi
  if ! $runner "$program" >"$hashes"; then
    printf '%-14s %-28s %s\n' "$name" "$compiler" "does not run"
    failed=$((failed + 1))
  elif [ ! -s "$hashes" ] || ! cmp -s "$expected" "$hashes"; then
    printf '%-14s %-28s %s\n' "$name" "$compiler" "differs"
    diff "$expected" "$hashes" || true
    failed=$((failed + 1))
  else
    printf '%-14s %-28s %s\n' "$name" "$compiler" "$(wc -l <"$hashes") equal, $(cksum <"$hashes" | cut -d ' ' -f 1)"
    compared=$((compared + 1))
  fi
done 3<"$list"
echo "$compared processors agree, $failed do not, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$compared" -gt 1 ]
