# Stand-ins for base images: the names and the main programs of the real ones, made from
# Debian packages (and the machine's own Rust), kept as layers in the cache folder.
# shellcheck shell=bash

known_images=(
  golang:1.24
  debian:bookworm debian:bookworm-slim debian:trixie-slim ubuntu:24.04
  busybox:latest alpine:3.20 alpine:latest
  rust:1.95 rust:1.95-bookworm
)

# What an image is made of: sets the variables that image_config reads, and $layers.
describe_image() {
  layers=() environment=() command='["bash"]' entrypoint=null directory_of_image="" user='' ports=() stop_signal=''
  local path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  case $1 in
    debian:bookworm | debian:bookworm-slim)
      layers=(bookworm)
      ;;
    debian:trixie-slim)
      layers=(trixie)
      ;;
    ubuntu:24.04)
      layers=(bookworm ubuntu)
      command='["/bin/bash"]'
      ;;
    busybox:latest)
      layers=(busybox)
      command='["sh"]'
      ;;
    alpine:3.20 | alpine:latest)
      layers=(busybox alpine)
      command='["/bin/sh"]'
      ;;
    golang:1.24)
      layers=(trixie golang)
      path=/go/bin:/usr/local/go/bin:$path
      environment=(GOLANG_VERSION=1.24 GOTOOLCHAIN=local GOPATH=/go)
      directory_of_image=/go
      ;;
    rust:1.95 | rust:1.95-bookworm)
      layers=(bookworm rust)
      path=/usr/local/cargo/bin:$path
      environment=(RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo RUST_VERSION=1.95.0)
      ;;
    *)
      die "no stand-in known for the image $1 (there are: ${known_images[*]})"
      ;;
  esac
  environment=("PATH=$path" "${environment[@]}")
}

# --- Layers ----------------------------------------------------------------------------------

# Each fill_NAME writes into the root directory it is given. For a layer on top of a release
# (release_below), that is an overlay of its tree, with apt at hand.

release_below() {
  case $1 in
    golang) echo trixie ;;
    rust) echo bookworm ;;
  esac
}

fill_golang() {
  install_packages "$1" golang-go gcc libc6-dev make git ca-certificates
  rm -rf "$1"/usr/bin/*lto-dump* "$1"/usr/share/go-1.24/{api,test}
  # Where the official image has them.
  ln -s ../lib/go "$1/usr/local/go"
  mkdir -p "$1"/go/{src,bin}
  chmod 1777 "$1"/go{,/src,/bin}
}

fill_ubuntu() {
  mkdir -p "$1/etc"
  cat >"$1/etc/os-release" <<'RELEASE'
PRETTY_NAME="Stand-in for Ubuntu 24.04, made of Debian"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
RELEASE
}

fill_busybox() {
  local root=$1 scratch applet
  scratch=$(mktemp -d "$root.XXXXXX")
  unpack_packages bookworm "$scratch" busybox-static
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,tmp,root,home,var/tmp,run}
  chmod 1777 "$root"/{tmp,var/tmp}
  cp "$scratch/bin/busybox" "$root/bin/busybox"
  rm -rf "$scratch"
  while read -r applet; do
    [[ -e $root/$applet ]] || ln -s /bin/busybox "$root/$applet"
  done < <("$root/bin/busybox" --list-full)
  printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/usr/sbin:/bin/false \
    nobody:x:65534:65534:nobody:/home:/bin/false >"$root/etc/passwd"
  printf '%s\n' root:x:0: daemon:x:1: users:x:100: nogroup:x:65533: nobody:x:65534: >"$root/etc/group"
  printf '%s\n' 'root:*::0:::::' 'daemon:!::0:::::' 'nobody:!::0:::::' >"$root/etc/shadow"
  trust_what_the_machine_trusts "$root"
}

fill_alpine() {
  mkdir -p "$1"/etc/ssl
  ln -s certs/ca-certificates.crt "$1/etc/ssl/cert.pem"
  echo 3.20.0 >"$1/etc/alpine-release"
  cat >"$1/etc/os-release" <<'RELEASE'
PRETTY_NAME="Stand-in for Alpine Linux 3.20, made of busybox"
NAME="Alpine Linux"
ID=alpine
VERSION_ID=3.20.0
RELEASE
}

fill_rust() {
  local root=$1 toolchain rustup name copy bin tool
  toolchain=$(rust_toolchain 1.95)
  rustup=$(command -v rustup || true)
  install_packages "$root" gcc libc6-dev make pkg-config git ca-certificates
  rm -f "$root"/usr/bin/*lto-dump*

  # Named as rustup names the toolchain of an exact version.
  name=$("$toolchain/bin/rustc" -vV | awk '/^release:/ { r = $2 } /^host:/ { h = $2 } END { print r "-" h }')
  copy=$root/usr/local/rustup/toolchains/$name
  bin=$root/usr/local/cargo/bin
  mkdir -p "$copy" "$bin"
  tar -C "$toolchain" -c --exclude=./share --exclude='./lib/rustlib/*src' --exclude='./bin/rust-analyzer' . |
    tar -C "$copy" -x
  if [[ -n $rustup ]]; then
    cp -L "$rustup" "$bin/rustup"
    printf 'version = "12"\nprofile = "minimal"\ndefault_toolchain = "%s"\n\n[overrides]\n' "$name" \
      >"$root/usr/local/rustup/settings.toml"
  fi
  for tool in "$copy"/bin/*; do
    tool=${tool##*/}
    if [[ -n $rustup ]]; then
      ln "$bin/rustup" "$bin/$tool"
    else
      ln -s "/usr/local/rustup/toolchains/$name/bin/$tool" "$bin/$tool"
    fi
  done
  chmod -R a+w "$root/usr/local/rustup" "$root/usr/local/cargo"
}

# The directory of the machine's Rust toolchain of this version.
rust_toolchain() {
  local version=$1 sysroot
  if sysroot=$(rustup run "$version" rustc --print sysroot 2>/dev/null) ||
    sysroot=$(rustup run "$version.0" rustc --print sysroot 2>/dev/null) ||
    { [[ $(rustc --version 2>/dev/null) == "rustc $version."* ]] && sysroot=$(rustc --print sysroot); }; then
    readlink -f "$sysroot"
  else
    die "the stand-in for rust:$version is made from this machine's Rust $version, which is not there:" \
      "rustup toolchain install $version"
  fi
}

# unpack_packages RELEASE ROOT PACKAGE...: only what the packages hold, nothing run.
unpack_packages() {
  local release=$1 root=$2
  shift 2
  mount_overlay "$(base_tree "$release")" "$root.overlay"
  in_tree "$root.overlay/root" sh -euc 'mkdir /unpacked; cd /tmp; apt-get download "$@"
    for package in *.deb; do dpkg-deb -x "$package" /unpacked; done' - "$@"
  cp -a "$root.overlay/root/unpacked/." "$root"
  umount "$root.overlay/root"
  rm -rf "$root.overlay"
}

layer_path() {
  local below
  below=$(release_below "$1")
  case $1 in
    bookworm | trixie) keyed "$cache/layers/$1" "$(base_tree "$1")" "$(declare -f fill_layer pack_layer)" ;;
    *) keyed "$cache/layers/$1" "${below:+$(base_tree "$below")}" "$(declare -f fill_layer pack_layer "fill_$1")" ;;
  esac
}

make_layer() {
  local path
  path=$(layer_path "$1")
  [[ ! -e $path ]] || return 0
  case $1 in
    bookworm | trixie) make_base_tree "$1" ;;
    busybox) make_base_tree bookworm ;;
    alpine | ubuntu) ;;
    *) make_base_tree "$(release_below "$1")" ;;
  esac
  make_directory "$path" "making the layer $1" fill_layer "$1"
}

# fill_layer NAME DIRECTORY: leaves layer.tar and its digest there.
fill_layer() {
  local name=$1 directory=$2 below
  below=$(release_below "$name")
  case $name in
    bookworm | trixie)
      pack_layer "$(base_tree "$name")" "$directory"
      ;;
    *)
      # In a mount namespace, so that no mount survives this.
      unshare --mount "$here/engine" in-namespace fill_layer_mounted "$name" "$directory" "$below"
      ;;
  esac
}

fill_layer_mounted() {
  local name=$1 directory=$2 below=$3
  if [[ -n $below ]]; then
    mount_overlay "$(base_tree "$below")" "$directory/overlay"
    "fill_$name" "$directory/overlay/root"
    umount "$directory/overlay/root"
    whiteouts_of_images "$directory/overlay/upper"
    pack_layer "$directory/overlay/upper" "$directory"
  else
    mkdir "$directory/root"
    "fill_$name" "$directory/root"
    pack_layer "$directory/root" "$directory"
  fi
  rm -rf "$directory/overlay" "$directory/root"
}

# mount_overlay LOWER DIRECTORY: DIRECTORY/root is LOWER, its changes go to DIRECTORY/upper.
mount_overlay() {
  mkdir -p "$2"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
}

# overlayfs marks what is deleted below with a device, image layers with a name.
whiteouts_of_images() {
  local file
  while IFS= read -r -d '' file; do
    rm "$file"
    touch "${file%/*}/.wh.${file##*/}"
  done < <(find "$1" -type c -print0)
}

pack_layer() {
  local root=$1 directory=$2
  tar -C "$root" -c --numeric-owner --sort=name \
    --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' --exclude='./run/*' --exclude='./tmp/*' \
    --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/apt/*' --exclude='./var/log/*' \
    --exclude='./var/cache/debconf/*-old' --exclude='./var/lib/dpkg/*-old' \
    --exclude='./etc/resolv.conf' --exclude='./etc/hostname' --exclude='./etc/apt/apt.conf.d/01autoremove*' . |
    tee "$directory/layer.tar" | sha256sum | cut -d ' ' -f 1 >"$directory/digest"
}

# --- Images ----------------------------------------------------------------------------------

# images_provide ENGINE [IMAGE...]
images_provide() {
  local name=$1 image missing=() job jobs=() failed=0
  shift
  (($# > 0)) || set -- "${known_images[@]}"
  for image in "$@"; do
    describe_image "$image"
    image_is_there "$name" "$image" || missing+=("$image")
  done
  if ((${#missing[@]} == 0)); then
    engine_up "$name"
    return
  fi

  need_root
  need_debootstrap
  find_mirrors
  engine_up "$name" &
  jobs=($!)
  for image in "${missing[@]}"; do
    image_provide "$name" "$image" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job" || failed=1
  done
  ((failed == 0)) || exit 1
}

image_is_there() {
  local name=$1 image=$2 mark
  mark=$(image_mark "$name" "$image")
  [[ -e $mark && $(<"$mark") == "$(image_key "$image")" ]] && engine_answers "$name" &&
    docker_on "$name" image inspect "$image" >/dev/null 2>&1
}

image_mark() {
  echo "$(engine_state "$1")/images/${2//\//_}"
}

# Changes with all that the image is made of.
image_key() {
  local layers layer
  describe_image "$1"
  {
    declare -f describe_image image_config
    for layer in "${layers[@]}"; do
      layer_path "$layer"
    done
  } | sha256sum
}

image_provide() {
  local name=$1 image=$2 layer mark
  describe_image "$image"
  for layer in "${layers[@]}"; do
    make_layer "$layer"
  done
  engine_up "$name"
  say "loading $image into $name ..."
  image_archive "$image" | docker_on "$name" load --quiet >/dev/null
  mark=$(image_mark "$name" "$image")
  mkdir -p "${mark%/*}"
  image_key "$image" >"$mark"
}

# The image in the form of `docker save`.
image_archive() {
  local image=$1 layer directory digests=() files=() path
  describe_image "$image"
  directory=$(mktemp -d "$cache/layers/.archive.XXXXXX")
  for layer in "${layers[@]}"; do
    path=$(layer_path "$layer")
    ln "$path/layer.tar" "$directory/$layer.tar"
    digests+=("sha256:$(<"$path/digest")")
    files+=("$layer.tar")
  done
  image_config >"$directory/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":%s}]\n' "$image" "$(json_list "${files[@]}")" \
    >"$directory/manifest.json"
  tar -C "$directory" -c manifest.json config.json "${files[@]}"
  rm -rf "$directory"
}

image_config() {
  local history=() layer
  for layer in "${layers[@]}"; do
    history+=("{\"created\":\"2026-01-01T00:00:00Z\",\"created_by\":\"stand-in layer $layer\"}")
  done
  cat <<JSON
{
  "architecture": "$(image_architecture)",
  "os": "linux",
  "created": "2026-01-01T00:00:00Z",
  "config": {
    "Env": $(json_list "${environment[@]}"),
    "Entrypoint": $entrypoint,
    "Cmd": $command,
    "WorkingDir": "$directory_of_image"
  },
  "rootfs": { "type": "layers", "diff_ids": $(json_list "${digests[@]}") },
  "history": [$(IFS=,; echo "${history[*]}")]
}
JSON
}

# No text in here has characters that JSON escapes.
json_list() {
  local list
  (($# == 0)) || printf -v list '"%s",' "$@"
  echo "[${list%,}]"
}

image_architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) dpkg --print-architecture ;;
  esac
}
