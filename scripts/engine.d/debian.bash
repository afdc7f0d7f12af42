# Trees of Debian releases: the ground for the engines, for the docker command and for the
# stand-in images.
# shellcheck shell=bash

debian_mirror=
debian_security_mirror=

# The mirrors that this machine's apt uses, when it is Debian's apt.
find_mirrors() {
  local distribution='' codename='' location mirror suite
  [[ -z $debian_mirror ]] || return 0
  debian_mirror=http://deb.debian.org/debian
  debian_security_mirror=http://deb.debian.org/debian-security

  [[ -r /etc/os-release ]] || return 0
  distribution=$(. /etc/os-release && echo "${ID:-}")
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [[ $distribution == debian && -n $codename ]] || return 0
  command -v apt-get >/dev/null || return 0

  # Lines like: 'http://HOST/debian/dists/bookworm/InRelease' FILE 0
  while read -r location _; do
    location=${location//\'/}
    mirror=${location%/dists/*}
    suite=${location#*/dists/}
    case $suite in
      "$codename/"*) debian_mirror=$mirror ;;
      "$codename-security/"*) debian_security_mirror=$mirror ;;
    esac
  done < <(apt-get update --print-uris 2>/dev/null)
}

need_debootstrap() {
  command -v debootstrap >/dev/null && return
  command -v apt-get >/dev/null ||
    die "debootstrap is missing, and there is no apt-get to install it: install debootstrap, or Docker"
  with_lock apt install_debootstrap
}

install_debootstrap() {
  # Someone else may have done it while we waited for the lock.
  command -v debootstrap >/dev/null ||
    logged apt "installing debootstrap" apt_get_install / debootstrap debian-archive-keyring
}

# in_tree TREE COMMAND...: chroot with mounts and processes that end together with it.
in_tree() {
  # shellcheck disable=SC2016 # these are the inner shell's
  unshare --mount --pid --fork --kill-child bash -euc '
    mount -t proc proc "$1/proc"
    exec chroot "$@"
  ' in_tree "$1" env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    "${proxy_settings[@]}" "${@:2}"
}

# The machine's proxy variables, as arguments of env.
proxy_settings=()
for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [[ -z ${!variable:-} ]] || proxy_settings+=("$variable=${!variable}")
done
unset variable

# make_directory PATH TEXT COMMAND...: PATH is what COMMAND fills, or does not exist.
make_directory() {
  local path=$1
  [[ -e $path ]] || with_lock "${path##*/}" make_directory_locked "$@"
}

make_directory_locked() {
  local path=$1 text=$2
  shift 2
  [[ ! -e $path ]] || return 0
  local half_made=${path%/*}/.${path##*/}.new
  rm -rf "$half_made"
  mkdir -p "$half_made"
  logged "${path##*/}" "$text" "$@" "$half_made"
  mv "$half_made" "$path"
}

# The tree of a release that holds just enough for apt, with its package lists.
base_tree() {
  keyed "$cache/trees/$1" "$(declare -f fill_base_tree trust_what_the_machine_trusts)"
}

make_base_tree() {
  local tree
  tree=$(base_tree "$1")
  [[ ! -e $tree ]] || return 0
  need_debootstrap
  find_mirrors
  make_directory "$tree" "making a minimal Debian $1 (about half a minute)" fill_base_tree "$1"
}

fill_base_tree() {
  local release=$1 tree=$2 script=()
  # What Debian's official images say, too. It has to be there before the first package.
  mkdir -p "$tree/etc/dpkg/dpkg.cfg.d"
  cat >"$tree/etc/dpkg/dpkg.cfg.d/docker" <<'CONFIG'
force-unsafe-io
path-exclude /usr/share/doc/*
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
CONFIG

  # An older debootstrap does not know younger releases by name; all are made alike.
  [[ -e /usr/share/debootstrap/scripts/$release ]] || script=(/usr/share/debootstrap/scripts/sid)
  unshare --mount --pid --fork --kill-child --mount-proc \
    debootstrap --variant=minbase "$release" "$tree" "$debian_mirror" "${script[@]}"

  rm "$tree/etc/apt/sources.list"
  cat >"$tree/etc/apt/sources.list.d/debian.sources" <<CONFIG
Types: deb
URIs: $debian_mirror
Suites: $release
Components: main

Types: deb
URIs: $debian_security_mirror
Suites: $release-security
Components: main
CONFIG
  cat >"$tree/etc/apt/apt.conf.d/docker-clean" <<'CONFIG'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONFIG
  echo 'Acquire::Languages "none";' >"$tree/etc/apt/apt.conf.d/docker-no-languages"
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod 0755 "$tree/usr/sbin/policy-rc.d"

  trust_what_the_machine_trusts "$tree"
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/usr/share/{doc,groff,info,locale,man}/*
  apt_get "$tree" update
}

# A machine behind a TLS proxy trusts certificates that no distribution ships. They go where
# update-ca-certificates finds them again, and into the bundle, for trees without that command.
trust_what_the_machine_trusts() {
  local tree=$1 bundle=/etc/ssl/certs/ca-certificates.crt
  [[ -r $bundle ]] || return 0
  mkdir -p "$tree/etc/ssl/certs" "$tree/usr/local/share/ca-certificates"
  cp "$bundle" "$tree$bundle"
  find /usr/local/share/ca-certificates -name '*.crt' \
    -exec cp -t "$tree/usr/local/share/ca-certificates" {} + 2>/dev/null || true
}

# The indexes of testing may be past their date.
apt_get() {
  in_tree "$1" apt-get -o Acquire::Check-Valid-Until=false "${@:2}"
}

# apt_get_install TREE PACKAGE...: an old tree's package lists may name files that are no more.
apt_get_install() {
  local install=(install -y --no-install-recommends "${@:2}")
  apt_get "$1" "${install[@]}" || { apt_get "$1" update && apt_get "$1" "${install[@]}"; }
}
