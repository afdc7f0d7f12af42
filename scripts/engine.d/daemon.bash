# The engines: Docker from a Debian release, each in namespaces of its own (see init).
#
# The machine's side of an engine, all of it gone after `down`: the process tree, a veth
# device mstageN, three firewall rules, and cgroups below /mstage-PID.
# shellcheck shell=bash

engine_names=(bookworm trixie forky forky-overlay2)

# One of these, or one of them with a label behind a dot: forky.mine.
is_engine_name() {
  local name
  [[ $1 != *.* || ${1#*.} =~ ^[a-z0-9-]+$ ]] || return 1
  for name in "${engine_names[@]}"; do
    [[ ${1%%.*} != "$name" ]] || return 0
  done
  return 1
}

has_label() {
  [[ $1 == *.* ]]
}

# All names that an engine of this cache folder can have now.
engines() {
  local state
  printf '%s\n' "${engine_names[@]}"
  for state in "$cache"/engines/*.*; do
    [[ ! -d $state ]] || echo "${state##*/}"
  done
}

engine_state() {
  echo "$cache/engines/$1"
}

engine_address() {
  echo "unix://$(engine_state "$1")/run/docker.sock"
}

engine_release() {
  local kind=${1%%.*}
  echo "${kind%-overlay2}"
}

# --- The trees -------------------------------------------------------------------------------

engine_packages() {
  echo docker.io iptables iproute2 ca-certificates git xz-utils
  [[ $1 == bookworm ]] || echo docker-cli docker-buildx
  [[ $1 != forky ]] || echo docker-compose
}

engine_tree() {
  keyed "$cache/trees/engine-$1" "$(base_tree "$1")" "$(engine_packages "$1")" "$(declare -f fill_engine_tree)"
}

make_engine_tree() {
  make_base_tree "$1"
  make_directory "$(engine_tree "$1")" "installing Docker into Debian $1 (about 20 s)" fill_engine_tree "$1"
}

fill_engine_tree() {
  local release=$1 tree=$2 packages
  read -r -d '' -a packages < <(engine_packages "$release") || true
  cp -a "$(base_tree "$release")/." "$tree"
  apt_get_install "$tree" "${packages[@]}"
  mkdir -p "$tree/var/lib/docker"
  rm -rf "$tree"/var/lib/apt/lists/*
  # Each engine mounts its own over it.
  rm -f "$tree/etc/resolv.conf"
  touch "$tree/etc/resolv.conf"
}

# --- The docker command ----------------------------------------------------------------------

# One client for all engines, with buildx and Compose of today: forky's.
client_directory() {
  keyed "$cache/trees/client" "$(engine_tree forky)" "$(declare -f fill_client client_command)"
}

make_client() {
  make_engine_tree forky
  make_directory "$(client_directory)" "setting up the docker command" fill_client
}

fill_client() {
  local client=$1 tree
  tree=$(engine_tree forky)
  mkdir -p "$client/bin" "$client/lib" "$client/config/cli-plugins"
  cp "$tree/usr/bin/docker" "$tree"/usr/libexec/docker/cli-plugins/docker-{buildx,compose} "$client/lib"
  # They are linked to forky's C library, which may be younger than the machine's.
  cp -L "$(find "$tree/usr/lib" -name 'ld-linux*.so.*' | head -n 1)" "$client/lib/ld.so"
  cp -L "$(find "$tree/usr/lib" -name libc.so.6)" "$client/lib"
  client_command docker >"$client/bin/docker"
  client_command docker-buildx >"$client/config/cli-plugins/docker-buildx"
  client_command docker-compose >"$client/config/cli-plugins/docker-compose"
  chmod 0755 "$client/bin/docker" "$client"/config/cli-plugins/*
}

client_command() {
  cat <<SCRIPT
#!/bin/sh
lib=$(printf '%q' "$(client_directory)/lib")
exec "\$lib/ld.so" --library-path "\$lib" --argv0 "\$0" "\$lib/$1" "\$@"
SCRIPT
}

# docker_on NAME ARGUMENT...: the docker command on this engine.
docker_on() {
  local client
  client=$(client_directory)
  DOCKER_HOST=$(engine_address "$1") DOCKER_CONFIG=$client/config "$client/bin/docker" "${@:2}"
}

engine_environment() {
  local client variable
  client=$(client_directory)
  printf 'export DOCKER_HOST=%q\n' "$(engine_address "$1")"
  printf 'export DOCKER_CONFIG=%q\n' "$client/config"
  printf 'export PATH=%q\n' "$client/bin:${PATH#"$client/bin:"}"
  printf 'export MSTAGE_ENGINE=%q\n' "$1"
  printf 'export MSTAGE_ENGINE_HOST=%q\n' "$(cat "$(engine_state "$1")/run/address")"
  for variable in BUILDX_BUILDER DOCKER_TLS_VERIFY; do
    [[ -z ${!variable:-} ]] || echo "unset $variable"
  done
}

# --- Start and stop --------------------------------------------------------------------------

engine_up() {
  if ! engine_answers "$1"; then
    check_machine "$1"
    make_engine_trees "$1"
    with_lock "engine-$1" engine_start "$1"
  fi
}

engine_answers() {
  local client version
  client=$(client_directory)
  [[ -S $(engine_state "$1")/run/docker.sock && -e $client ]] &&
    version=$(DOCKER_HOST=$(engine_address "$1") timeout 10 "$client/bin/docker" version \
      --format '{{.Server.Version}}' 2>/dev/null) && [[ -n $version ]]
}

# Says what is missing before anything is made.
check_machine() {
  local trial socket
  need_root
  socket=$(engine_address "$1")
  socket=${socket#unix://}
  ((${#socket} <= 107)) ||
    die "the path of the engine's socket is too long for a socket: set MSTAGE_CACHE to a folder nearer the root"

  mkdir -p "$cache"
  trial=$(mktemp -d "$cache/trial.XXXXXX")
  mkdir "$trial"/{lower,upper,work,root}
  if ! unshare --mount --net --pid --fork mount -t overlay overlay \
    -o "lowerdir=$trial/lower,upperdir=$trial/upper,workdir=$trial/work" "$trial/root" 2>"$trial/error"; then
    sed 's/^/  | /' "$trial/error" >&2
    rm -r "$trial"
    die "no namespaces, or no overlayfs on the file system of $cache: run this where mounting is allowed," \
      "set MSTAGE_CACHE to a folder on a disk (ext4, xfs, btrfs), or start Docker"
  fi
  rm -r "$trial"
}

make_engine_trees() {
  local release client
  release=$(engine_release "$1")
  [[ -e $(engine_tree "$release") && -e $(client_directory) ]] || need_debootstrap
  make_client &
  client=$!
  make_engine_tree "$release"
  wait "$client" || exit
}

engine_start() {
  local name=$1 state tree pid tries
  # Someone else may have started it while we waited for the lock.
  ! engine_answers "$name" || return 0
  state=$(engine_state "$name")
  tree=$(engine_tree "$(engine_release "$name")")

  engine_stop "$name"
  say "starting $name ..."
  mkdir -p "$state/data" "$state/run"
  if [[ -n ${MSTAGE_ENGINE_DISK:-} ]] && has_label "$name" && ! mountpoint -q "$state/data"; then
    mount -t tmpfs -o "size=$MSTAGE_ENGINE_DISK" mstage "$state/data"
  fi
  mkfifo "$state/run/start"
  ln -s "$tree" "$state/run/tree"
  engine_resolv_conf >"$state/run/resolv.conf"

  (spawn_init "$tree" "$state")
  wait_until 100 test -s "$state/run/pid" || engine_failed "$name" "its first process did not start"
  pid=$(cat "$state/run/pid")
  connect_network "$name" "$pid" "$tree"
  engine_settings "$name" >"$state/run/daemon.json"
  echo >"$state/run/start"

  for ((tries = 0; tries < 600; tries++)); do
    if engine_answers "$name"; then
      trim_store "$name"
      return
    fi
    engine_alive "$name" || engine_failed "$name" "dockerd ended"
    sleep 0.1
  done
  engine_failed "$name" "no answer after a minute"
}

# Removes from the build cache what has not been used for longest, down to a size that holds all tests;
# a short disk gets all of it back.
trim_store() {
  local keep=4GB
  (($(free_mebibytes) > 20000)) || keep=0
  has_label "$1" || docker_on "$1" builder prune --force --all --keep-storage "$keep" >/dev/null ||
    say "the build cache of $1 could not be trimmed"
  has_label "$1" || (($(free_mebibytes) > 6000)) ||
    say "only $(free_mebibytes) MiB are free on the disk of $cache: all tests of an engine need 6000"
}

free_mebibytes() {
  df --output=avail --block-size=M "$cache" | tail -n 1 | tr -dc 0-9
}

engine_failed() {
  tail -n 25 "$(engine_state "$1")/log" | sed 's/^/  | /' >&2
  engine_stop "$1"
  die "$1 does not start: $2 (whole log: $(engine_state "$1")/log)"
}

# wait_until TRIES COMMAND...: a try each 50 ms.
wait_until() {
  local tries=$1
  shift
  until "$@"; do
    ((tries-- > 0)) || return 1
    sleep 0.05
  done
}

# Runs in a subshell that ends at once, so that the engine is nobody's child, and keeps none
# of the files (locks, pipes of a test) that the shell has open.
spawn_init() {
  local tree=$1 state=$2 file
  for file in /proc/"$BASHPID"/fd/*; do
    file=${file##*/}
    ((file <= 2)) || eval "exec $file>&-"
  done
  cd /
  setsid env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "${proxy_settings[@]}" \
    unshare --mount --net --pid --ipc --uts --fork --kill-child \
    "$here/engine.d/init" "$tree" "$state" </dev/null >"$state/log" 2>&1 &
}

engine_alive() {
  local pid
  pid=$(cat "$(engine_state "$1")/run/pid" 2>/dev/null) &&
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$(engine_state "$1")"
}

engine_down() {
  local state
  state=$(engine_state "$1")
  [[ -e $state/run ]] || { has_label "$1" && [[ -e $state ]]; } || return 0
  need_root
  with_lock "engine-$1" engine_stop "$1"
  if has_label "$1"; then
    ! mountpoint -q "$state/data" || umount "$state/data"
    rm -rf "$state" "$cache/locks/engine-$1" "$cache/locks/load-$1-"*
  fi
  say "$1 is down"
}

# Also clears away what an engine that was killed has left.
engine_stop() {
  local name=$1 state pid
  state=$(engine_state "$name")
  if engine_alive "$name"; then
    pid=$(cat "$state/run/pid")
    if has_label "$name"; then
      # Nothing of it is kept.
      remove_device "$name" "$pid"
      kill -KILL "$pid"
    else
      ! engine_answers "$name" || kill_containers "$name"
      remove_device "$name" "$pid"
      kill -TERM "$pid"
    fi
    wait_until 300 engine_gone "$name" || kill -KILL "$pid"
    wait_until 100 engine_gone "$name" || die "process $pid of $name does not end"
  fi
  if [[ -e $state/run/device ]]; then
    disconnect_network "$name"
    remove_cgroups "$(engine_cgroup "$name")"
  fi
  rm -rf "$state/run"
}

# The engine itself would wait ten seconds for each to end.
kill_containers() {
  local containers
  read -r -d '' -a containers < <(docker_on "$1" ps --quiet) || true
  ((${#containers[@]} == 0)) || docker_on "$1" kill "${containers[@]}" >/dev/null || true
}

# Named after its first process, which no other engine shares.
engine_cgroup() {
  echo "mstage-$(cat "$(engine_state "$1")/run/pid")"
}

# In each hierarchy, where there are several (cgroup v1).
remove_cgroups() {
  local root
  for root in /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1"; do
    [[ ! -d $root ]] || find "$root" -depth -type d -exec rmdir {} + || true
  done
}

engine_gone() {
  ! engine_alive "$1"
}

engine_exec() {
  local name=$1
  shift
  engine_up "$name"
  exec nsenter --target "$(cat "$(engine_state "$name")/run/pid")" --all -- "$@"
}

engine_settings() {
  local name=$1 run containerd_store=false storage='"storage-driver": "overlay2",'
  run=$(engine_state "$name")/run
  if [[ ${name%%.*} == forky ]]; then
    containerd_store=true
    storage=
  fi
  # Nothing is collected while the engine runs: while BuildKit looks what there is to collect, it holds
  # cache mounts, and a step that wants one in that moment gets a new one (see trim_store).
  cat <<JSON
{
  "hosts": ["unix:///run/mstage/docker.sock"],
  "data-root": "/var/lib/docker",
  $storage
  "features": { "containerd-snapshotter": $containerd_store },
  "builder": { "gc": { "enabled": false } },
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "cgroup-parent": "/$(engine_cgroup "$name")",
  "bip": "$network.128.1/24",
  "default-address-pools": [{ "base": "$network.192.0/18", "size": 24 }],
  "mtu": $(cat "$run/mtu")
}
JSON
}

# --- The network -----------------------------------------------------------------------------

# The machine has $network.N.1 on the device mstageN, the engine $network.N.2 on its eth0, N being
# free when the engine starts. The engine's own bridges are seen by nobody outside.
network=10.213

connect_network() {
  local name=$1 pid=$2 tree=$3 run device number mtu
  run=$(engine_state "$name")/run
  mtu=$(ip_command "$tree" route show default | sed -nE 's/.* dev ([^ ]+).*/\1/p' | head -n 1)
  mtu=$(cat "/sys/class/net/${mtu:-lo}/mtu")
  ((mtu <= 1500)) || mtu=1500
  echo "$mtu" >"$run/mtu"

  with_lock network add_device "$name" "$pid" "$tree" "$mtu"
  [[ -e $run/device ]] || engine_failed "$name" "no network device could be made"
  device=$(cat "$run/device")
  number=${device#mstage}
  echo "$network.$number.2" >"$run/address"

  {
    ip_command "$tree" address add "$network.$number.1/30" dev "$device" &&
      ip_command "$tree" link set "$device" up &&
      nsenter --net="/proc/$pid/ns/net" chroot "$tree" ip -batch - &&
      firewall_rules "$tree" "$device" "$network.$number.2" --insert
  } >>"$run/../log" 2>&1 <<COMMANDS || engine_failed "$name" "its network could not be made"
link set lo up
address add $network.$number.2/30 dev eth0
link set eth0 up
route add default via $network.$number.1
COMMANDS
}

# add_device NAME PID TREE MTU: says in run/device which one it made.
add_device() {
  local pid=$2 tree=$3 mtu=$4 run number device
  run=$(engine_state "$1")/run
  for ((number = 0; number < 64; number++)); do
    device=mstage$number
    [[ ! -e /sys/class/net/$device ]] || continue
    if ip_command "$tree" link add "$device" mtu "$mtu" type veth \
      peer name eth0 mtu "$mtu" netns "$pid" 2>>"$run/../log"; then
      echo "$device" >"$run/device"
      start_forwarding
      return
    fi
  done
}

# From inside: the kernel removes the device of an engine that has ended, at a time of its own
# choice, and from then on one of that name may be another engine's.
remove_device() {
  local run
  run=$(engine_state "$1")/run
  nsenter --net="/proc/$2/ns/net" chroot "$run/tree" ip link delete eth0 2>/dev/null || true
}

disconnect_network() {
  local run
  run=$(engine_state "$1")/run
  # Another engine that has the same device by now has rules of its own: of two, one is deleted.
  firewall_rules "$run/tree" "$(cat "$run/device")" "$(cat "$run/address")" --delete 2>/dev/null || true
  with_lock network stop_forwarding
}

# The machine's own commands, or the tree's where it has none.
ip_command() {
  if command -v ip >/dev/null; then
    ip "${@:2}"
  else
    chroot "$1" ip "${@:2}"
  fi
}

iptables_command() {
  if command -v iptables >/dev/null; then
    iptables --wait "${@:2}"
  else
    chroot "$1" iptables --wait "${@:2}"
  fi
}

firewall_rules() {
  local tree=$1 device=$2 address=$3 action=$4
  local nat=(POSTROUTING --source "$address" ! --out-interface "$device" --jump MASQUERADE) status=0
  iptables_command "$tree" --table nat "$action" "${nat[@]}" || status=1
  iptables_command "$tree" "$action" FORWARD --in-interface "$device" --jump ACCEPT || status=1
  iptables_command "$tree" "$action" FORWARD --out-interface "$device" --jump ACCEPT || status=1
  return "$status"
}

start_forwarding() {
  local switch=/proc/sys/net/ipv4/ip_forward
  [[ $(cat "$switch") == 0 ]] || return 0
  touch "$cache/engines/forwarding-was-off"
  echo 1 >"$switch"
}

stop_forwarding() {
  [[ -e $cache/engines/forwarding-was-off ]] || return 0
  ! compgen -G '/sys/class/net/mstage*' >/dev/null || return 0
  echo 0 >/proc/sys/net/ipv4/ip_forward
  rm "$cache/engines/forwarding-was-off"
}

# A resolver on a loopback address is out of an engine's reach: take the ones behind it.
engine_resolv_conf() {
  local file
  for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf /run/NetworkManager/no-stub-resolv.conf; do
    if [[ -r $file ]] && grep -qE '^nameserver +[0-9]' "$file" && ! grep -qE '^nameserver +127\.' "$file"; then
      cat "$file"
      return
    fi
  done
  say "no name server beyond this machine's loopback found: engines ask 1.1.1.1"
  echo 'nameserver 1.1.1.1'
}
