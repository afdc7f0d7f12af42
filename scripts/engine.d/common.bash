# What all parts of scripts/engine use: messages, locks, the cache folder.
# Reads $cache.
# shellcheck shell=bash

say() {
  printf 'engine: %s\n' "$*" >&2
}

die() {
  say "$*"
  exit 1
}

need_root() {
  ((EUID == 0)) || die "no Docker engine with buildx answers, and making one needs root:" \
    "start Docker, or run this as root (sudo -E scripts/engine ...)"
}

# with_lock NAME COMMAND...: one process of the machine at a time, in this cache folder.
with_lock() {
  local lock_file=$cache/locks/$1 lock
  shift
  mkdir -p "$cache/locks"
  exec {lock}>"$lock_file"
  flock "$lock"
  "$@"
  exec {lock}>&-
}

# logged NAME TEXT COMMAND...: announces the long part TEXT, keeps what COMMAND prints in a log
# file, and shows the file's end when it fails.
logged() {
  local log=$cache/logs/$1.log text=$2 start=$SECONDS
  shift 2
  mkdir -p "$cache/logs"
  say "$text ..."
  # Not `if ! "$@"`: set -e would not hold inside the command.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null
  local status=$?
  set -e
  if ((status != 0)); then
    tail -n 25 "$log" | sed 's/^/  | /' >&2
    die "$text: failed (whole log: $log)"
  fi
  say "$text: done in $((SECONDS - start)) s"
}

# Where the directory of this name and recipe is, or will be.
keyed() {
  local name=$1 key
  shift
  key=$(printf '%s\n' "$@" | sha256sum)
  echo "$name-${key:0:8}"
}

# Background jobs ignore the keyboard's interrupt, so they are ended by hand, parents first.
end_children() {
  local children
  read -r -d '' -a children < <(descendants $$) || true
  kill "${children[@]}" 2>/dev/null || true
}

descendants() {
  local child children
  read -r -d '' -a children < <(cat "/proc/$1/task/"*/children 2>/dev/null) || true
  for child in "${children[@]}"; do
    echo "$child"
    descendants "$child"
  done
}

trap 'end_children; exit 130' INT
trap 'end_children; exit 143' TERM
