#!/bin/sh
# SPDX-License-Identifier: MIT
# Fuzzes everything with libFuzzer on all cores, for so many minutes altogether, each harness for an equal part.
# tests/fuzz/run.sh [MINUTES [FOLDER [HARNESS...]]]: by default 10 minutes, build/fuzz, all harnesses. What was found new
# is kept in FOLDER/corpus, from which the next run starts; an input that breaks something in FOLDER/findings.
set -eu
cd "$(dirname "$0")/../.."

minutes=${1:-10}
folder=${2:-build/fuzz}
if [ $# -gt 2 ]; then
  shift 2
else
  set -- npy weights picture drawing graph tokenizer
fi
compiler=${CXX:-$(command -v clang++ || command -v clang++-14 || true)}
if [ -z "$compiler" ]; then
  echo "clang++ is not installed: libFuzzer comes with it" >&2
  exit 2
fi
launcher=$(command -v ccache || true)
jobs=$(nproc)
flags="-std=c++20 -O1 -g1 -DDHT_NO_DISPATCH -fno-sanitize-recover=all -fsanitize=address,undefined -I include -I tests -I examples/apps"

# object SOURCE: compiles it where it changed
object() {
  # shellcheck disable=SC2086  # one word a flag
  $launcher "$compiler" $flags -fsanitize=fuzzer-no-link -c "$1" -o "$folder/$(basename "$1" .cpp).o"
  echo "$folder/$(basename "$1" .cpp).o"
}

mkdir -p "$folder/findings"
seeds=$(object tests/fuzz/libfuzzer_seeds.cpp)
for harness in "$@"; do
  echo "== building $harness"
  objects="$seeds $(object "tests/fuzz/${harness}_fuzz.cpp")"
  libraries=''
  if [ "$harness" = picture ]; then
    objects="$objects $(object examples/apps/common/image_file.cpp) $(object examples/apps/common/exif.cpp) $(object examples/apps/common/memory.cpp)"
    libraries='-lpng -ljpeg'
  fi
  # shellcheck disable=SC2086
  "$compiler" -fsanitize=fuzzer,address,undefined $objects $libraries -pthread -o "$folder/fuzz_$harness"
  "$folder/fuzz_$harness" --write "$folder/seeds/$harness"
done

# Two of one kind at once would need room for both; one process a core, harness after harness.
seconds=$((minutes * 60 / $#))
failed=0
for harness in "$@"; do
  corpus=$folder/corpus/$harness
  mkdir -p "$corpus"
  echo "== $harness: $seconds seconds on $jobs cores"
  running=''
  for job in $(seq "$jobs"); do
    "$folder/fuzz_$harness" -seed="$job" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=2048 \
      -print_final_stats=1 -reload=1 -artifact_prefix="$folder/findings/$harness-" \
      "$corpus" "$folder/seeds/$harness" >"$folder/$harness-$job.log" 2>&1 &
    running="$running $!"
  done
  for process in $running; do wait "$process" || failed=1; done
  grep -h -E 'finding:|ERROR|SUMMARY|runtime error' "$folder/$harness"-*.log || true
  awk '/number_of_executed_units/ { sum += $2 } END { printf "%d executions\n", sum }' "$folder/$harness"-*.log
done
exit "$failed"
