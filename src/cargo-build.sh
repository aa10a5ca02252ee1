#!/usr/bin/env bash
# Called by meson: builds the programs with cargo and copies those that changed to meson's output folder.
set -euo pipefail

output=$1 target=$2 folder=$3
IFS=, read -ra programs <<<"$4"
shift 4
cargo build --target-dir "$target" "$@"
for program in "${programs[@]}"; do
  cmp -s "$target/$folder/$program" "$output/$program" || cp "$target/$folder/$program" "$output/$program"
done
