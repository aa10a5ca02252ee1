# Sourced by ./dev: what a task needs from the machine, and how it gets there.
# The packages stand in data/packages/debian.txt and nowhere else.
# shellcheck shell=bash

stop() {
  printf 'dev: %s\n' "$1" >&2
  exit 1
}

misused() {
  printf 'dev: %s\n' "$1" >&2
  usage >&2
  exit 2
}

# set_up GROUP...: afterwards the packages of these groups and Rust are there, or we have stopped.
set_up() {
  local -a absent=()
  if [[ -z ${PLUGBOARD_SKIP_SETUP:-} ]]; then
    mapfile -t absent < <(absent_packages "$@")
    ((${#absent[@]} == 0)) || install_packages "${absent[@]}"
  fi
  need_rust
}

# The package names of the given groups, one per line.
packages_of() {
  awk -v wanted=" $* " '
    /^# group:/ { inside = index(wanted, " " $3 " ") }
    inside && NF && !/^#/ { print $1 }
  ' data/packages/debian.txt
}

absent_packages() {
  local -A installed=()
  local -a wanted
  local name status
  mapfile -t wanted < <(packages_of "$@")
  if command -v dpkg-query >/dev/null; then
    while read -r name status; do
      [[ $status == installed ]] && installed[$name]=yes
    done < <(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null)
  fi
  for name in "${wanted[@]}"; do
    [[ -n ${installed[$name]:-} ]] || printf '%s\n' "$name"
  done
}

install_packages() {
  local -a as_root=()
  if ((EUID != 0)); then
    # -n: sudo answers without a question or not at all.
    sudo -n true 2>/dev/null || cannot_install "$@"
    as_root=(sudo -n)
  fi
  command -v apt-get >/dev/null || cannot_install "$@"
  echo "Installing $# packages that are missing: $*"
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  "${apt[@]}" update </dev/null
  "${apt[@]}" install --no-install-recommends "$@" </dev/null
}

cannot_install() {
  {
    echo "dev: packages are missing, and installing them takes root and apt."
    echo "On Debian 12 this installs them:"
    echo "    apt-get update && apt-get install --no-install-recommends $*"
    echo "On another system install what carries the same, then set PLUGBOARD_SKIP_SETUP=1."
  } >&2
  exit 1
}

need_rust() {
  local floor have
  floor=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  have=$(cargo --version 2>/dev/null | cut -d' ' -f2) || true
  [[ -n $have ]] || stop "Rust is missing: install version $floor or newer from https://rustup.rs and start again."
  [[ $(printf '%s\n%s\n' "$floor" "$have" | sort -V | head -n 1) == "$floor" ]] ||
    stop "Rust $have is too old: 'rustup update stable' brings version $floor or newer."
}

# The fuzzer, in the one version that is known to work with a stable compiler; kept with what was built.
need_fuzzer() {
  local version=0.13.2
  [[ $(target/tools/bin/cargo-fuzz --version 2>/dev/null) != "cargo-fuzz $version" ]] || return 0
  echo "Installing cargo-fuzz $version into target/tools."
  # Unoptimized: it starts the compiler and does little else.
  env -u CARGO_TARGET_DIR cargo install --quiet --locked --debug --root target/tools --version "$version" cargo-fuzz ||
    stop "cargo-fuzz can't be installed; 'cargo install --locked --root target/tools --version $version cargo-fuzz' tells why."
}
