#!/bin/sh
# SPDX-License-Identifier: MIT
# The retrofit on real photos: trains vision transformers on squares, exchanges these for regions, fine-tunes, and makes the
# table of docs/retrofit.md.
#   bench/eval/retrofit_clothing.sh DIR [OUT]
# DIR holds train/, validation/ and test/, a folder of photos for each class in each. Runs that are in OUT (out/retrofit)
# already go on where they ended.
set -eu
data=$(realpath "$1")
cd "$(dirname "$0")/../.."
out=${2:-out/retrofit}
: "${EPOCHS:=15}" "${TUNING:=5}" "${SEEDS:=1 2 3}" "${THREADS:=0}"
programs=${PROGRAMS:-build/release/examples/apps}

if [ ! -x "$programs/retrofit" ]; then
  cmake -S . -B build/release -D CMAKE_BUILD_TYPE=Release
  cmake --build build/release --parallel "$(nproc)" --target classify retrofit
fi

# train PROGRAM NAME OPTIONS...: goes on where there is a checkpoint; a run with results is finished.
train() {
  program=$1
  name=$2
  shift 2
  [ -e "$out/$name/results.csv" ] && return
  resume=
  [ -e "$out/$name/checkpoint.safetensors" ] && resume=--resume
  "$programs/$program" "$data/train" --validation "$data/validation" --test "$data/test" --output "$out/$name" \
    --side 128 --batch 32 --threads "$THREADS" $resume "$@"
}

for seed in $SEEDS; do
  train classify "squares-$seed" --seed "$seed" --epochs "$EPOCHS" --patch 16 --width 96 --depth 4 \
    --learning-rate 0.001
  tuned="--model $out/squares-$seed/model.safetensors --seed $seed --epochs $TUNING --learning-rate 0.001 --position 20"
  train retrofit "64-$seed" $tuned --tokens 64
  train retrofit "32-$seed" $tuned --tokens 32
  train retrofit "64-f-$seed" $tuned --tokens 64 --learn-features
  train retrofit "again-$seed" $tuned --squares
done

# A row for each run and stage: mean and range over the seeds, in per cent.
row() {
  title=$1
  stage=$2
  name=$3
  for set in test validation; do
    for seed in $SEEDS; do
      awk -F, -v stage="$stage" -v set="$set" '$1 == stage && $2 == set { print set, $3, 100 * $5 }' \
        "$out/$name-$seed/results.csv"
    done
  done | awk -v title="$title" '
    { n[$1]++; sum[$1] += $3; tokens = $2
      each[$1] = each[$1] (n[$1] > 1 ? ", " : "") sprintf("%.1f", $3) }
    END { printf "| %s | %s | %.1f (%s) | %.1f (%s) |\n", title, tokens,
          sum["test"] / n["test"], each["test"], sum["validation"] / n["validation"], each["validation"] }'
}
{
  echo "| model | tokens | test | validation |"
  echo "|---|---|---|---|"
  row "squares, trained $EPOCHS epochs" squares 64
  row "squares, trained $TUNING epochs more" fine-tuned again
  row "64 regions, right after the exchange" exchanged 64
  row "64 regions, fine-tuned $TUNING epochs" fine-tuned 64
  row "64 regions, fine-tuned with f" fine-tuned 64-f
  row "32 regions, right after the exchange" exchanged 32
  row "32 regions, fine-tuned $TUNING epochs" fine-tuned 32
} | tee "$out/table.md"
