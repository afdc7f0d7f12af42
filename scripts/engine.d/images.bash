# Stand-ins for base images: the names and the main programs of the real ones, as recipes.bash
# has them. Their layers are made once, in the cache folder, and loaded into each engine.
# shellcheck shell=bash

# --- Images ----------------------------------------------------------------------------------

# images_provide ENGINE [IMAGE...]
images_provide() {
  local name=$1 image missing=() jobs=() job failed=0 in_store=''
  shift
  (($# > 0)) || set -- "${known_images[@]}"
  if engine_answers "$name"; then
    in_store=$(docker_on "$name" image ls --format '{{.Repository}}:{{.Tag}}')
  fi
  for image in "$@"; do
    [[ ${image##*/} == *:* ]] || image=$image:latest
    describe_image "$image"
    image_is_there "$name" "$image" "$in_store" || missing+=("$image")
  done

  check_machine "$name"
  ((${#missing[@]} == 0)) || need_debootstrap
  engine_up "$name" &
  jobs=($!)
  for image in "${missing[@]}"; do
    image_provide "$name" "$image" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job" || failed=1
  done
  ((failed == 0)) || die "not all images could be made"
}

# An image is up to date when the config it was loaded with is still the one of its recipe.
image_is_there() {
  local name=$1 image=$2 in_store=$3 layer loaded
  for layer in "${image_layers[@]}"; do
    [[ -e $(layer_directory "$layer") ]] || return 1
  done
  loaded=$(image_loaded "$name" "$image")
  [[ -e $loaded && $(<"$loaded") == "$(image_config)" ]] && grep -qxF "$image" <<<"$in_store"
}

# The config of the image that was loaded last under this name.
image_loaded() {
  echo "$(engine_state "$1")/images/${2//\//_}"
}

image_provide() {
  local name=$1 image=$2 layer jobs=() job
  describe_image "$image"
  for layer in "${image_layers[@]}"; do
    make_layer "$layer" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job" || exit
  done
  engine_up "$name"
  with_lock "load-$name-${image//\//_}" image_load "$name" "$image"
}

image_load() {
  local name=$1 image=$2 loaded replaced
  loaded=$(image_loaded "$name" "$image")
  replaced=$(docker_on "$name" image ls --quiet --no-trunc "$image")
  say "loading $image into $name ..."
  image_archive "$image" | docker_on "$name" load --quiet >/dev/null
  mkdir -p "${loaded%/*}"
  image_config >"$loaded"
  # What had this name before goes, unless it has another one or a container of it runs.
  if [[ -n $replaced && $(docker_on "$name" image inspect --format '{{.RepoTags}}' "$replaced") == "[]" ]]; then
    docker_on "$name" image rm "$replaced" >/dev/null 2>&1 || true
  fi
}

# The image in the form of `docker save`.
image_archive() {
  local image=$1 layer directory files=() members=()
  for layer in "${image_layers[@]}"; do
    files+=("$layer.tar")
    members+=(-C "$(layer_directory "$layer")" "$layer.tar")
  done
  directory=$(mktemp -d)
  image_config >"$directory/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":%s}]\n' "$image" "$(json_list "${files[@]}")" \
    >"$directory/manifest.json"
  tar -c -C "$directory" config.json manifest.json "${members[@]}"
  rm -r "$directory"
}

image_config() {
  local layer digests=() history=() ports=''
  for layer in "${image_layers[@]}"; do
    digests+=("$(<"$(layer_directory "$layer")/digest")")
    history+=("{ \"created\": \"2026-01-01T00:00:00Z\", \"created_by\": \"stand-in layer $layer\" }")
  done
  ((${#image_ports[@]} == 0)) || printf -v ports '"%s": {}' "${image_ports[@]}"
  cat <<JSON
{
  "architecture": "$(image_architecture)",
  "os": "linux",
  "created": "2026-01-01T00:00:00Z",
  "config": {
    "Env": $(json_list "${image_env[@]}"),
    "Entrypoint": $image_entrypoint,
    "Cmd": $image_command,
    "WorkingDir": "$image_workdir",
    "User": "$image_user",
    "ExposedPorts": { $ports },
    "StopSignal": "$image_stop_signal"
  },
  "rootfs": { "type": "layers", "diff_ids": $(json_list "${digests[@]}") },
  "history": [$(IFS=,; echo "${history[*]}")]
}
JSON
}

# For texts without anything that JSON would escape.
json_list() {
  local list
  printf -v list '"%s", ' "$@"
  echo "[${list%, }]"
}

image_architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) dpkg --print-architecture ;;
  esac
}

# --- Layers ----------------------------------------------------------------------------------

# A layer has the name of the release whose tree it is, or of its recipe.
is_release() {
  [[ $1 == bookworm || $1 == trixie ]]
}

# Where NAME.tar and its digest are, or will be.
layer_directory() {
  local release=${layer_over[$1]:-${layer_unpacks[$1]:-}}
  ! is_release "$1" || release=$1
  keyed "$cache/layers/$1" "${release:+$(base_tree "$release")}" \
    "$(declare -f pack_layer apt_get_install unpack_packages with_user "fill_$1")" \
    "$(cat "$here/engine.d/$1"/* 2>/dev/null)"
}

make_layer() {
  local directory release=${layer_over[$1]:-${layer_unpacks[$1]:-}}
  directory=$(layer_directory "$1")
  [[ ! -e $directory ]] || return 0
  ! is_release "$1" || release=$1
  [[ -z $release ]] || make_base_tree "$release"
  # In a mount namespace, so that no mount can survive this.
  make_directory "$directory" "making the layer $1" \
    unshare --mount "$here/engine" in-namespace fill_layer "$1"
}

# fill_layer NAME DIRECTORY
fill_layer() {
  local name=$1 directory=$2 scratch=$2/scratch
  mkdir "$scratch"
  if is_release "$name"; then
    pack_layer "$(base_tree "$name")" "$directory/$name.tar"
  elif [[ -n ${layer_over[$name]:-} ]]; then
    mount_overlay "$(base_tree "${layer_over[$name]}")" "$scratch"
    "fill_$name" "$scratch/root"
    umount "$scratch/root"
    whiteouts_of_images "$scratch/upper"
    pack_layer "$scratch/upper" "$directory/$name.tar"
  else
    mkdir "$scratch/root"
    "fill_$name" "$scratch/root"
    pack_layer "$scratch/root" "$directory/$name.tar"
  fi
  rm -r "$scratch"
}

# mount_overlay LOWER DIRECTORY: DIRECTORY/root is LOWER, its changes go to DIRECTORY/upper.
mount_overlay() {
  mkdir -p "$2"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
}

# unpack_packages RELEASE ROOT PACKAGE...: only what the packages hold, nothing of it run.
unpack_packages() {
  local release=$1 root=$2 scratch=$2.overlay
  shift 2
  mount_overlay "$(base_tree "$release")" "$scratch"
  # shellcheck disable=SC2016 # these are the inner shell's
  in_tree "$scratch/root" sh -euc '
    mkdir /unpacked
    cd /tmp
    apt-get download "$@" || { apt-get update && apt-get download "$@"; }
    for package in *.deb; do dpkg-deb -x "$package" /unpacked; done
  ' unpack_packages "$@"
  mkdir -p "$root"
  cp -a "$scratch/root/unpacked/." "$root"
  umount "$scratch/root"
  rm -r "$scratch"
  rm -rf "$root"/usr/share/{doc,info,lintian,locale,man}
}

# overlayfs marks what is deleted below with a device, image layers with a name.
whiteouts_of_images() {
  local file
  while IFS= read -r -d '' file; do
    rm "$file"
    touch "${file%/*}/.wh.${file##*/}"
  done < <(find "$1" -type c -print0)
}

# pack_layer ROOT FILE: writes the file, and its digest beside it.
pack_layer() {
  local root=$1 file=$2 digest
  digest=$(
    tar -C "$root" -c --numeric-owner --sort=name --exclude-from=<(transient_files) . |
      tee "$file" | sha256sum
  )
  echo "sha256:${digest%% *}" >"${file%/*}/digest"
}

# What a tree needs to install packages, and no image ships.
transient_files() {
  cat <<'PATTERNS'
./dev/*
./proc/*
./run/*
./sys/*
./tmp/*
./etc/hostname
./etc/resolv.conf
./var/cache/apt/*
./var/cache/debconf/*-old
./var/cache/ldconfig/*
./var/lib/apt/lists/*
./var/lib/dpkg/*-old
./var/log/*
PATTERNS
}
