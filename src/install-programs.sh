#!/usr/bin/env bash
# Called by meson at installation: the programs, and the command line under one name per device class.
set -euo pipefail

built=$1 bindir=${MESON_INSTALL_DESTDIR_PREFIX%"$MESON_INSTALL_PREFIX"}$2 prefix=$3
IFS=, read -ra programs <<<"$4"
mkdir -p "$bindir"
for program in "${programs[@]}"; do
  name=$program
  [[ $program == qvm-device ]] && name=${prefix}device
  install -m 755 "$built/$program" "$bindir/$name"
done
for class in block mic pci usb; do
  ln -sfn "${prefix}device" "$bindir/$prefix$class"
done
