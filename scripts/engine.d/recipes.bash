# What the stand-ins are made of: for each image its config and its layers, for each layer the
# function that fills it. images.bash does the rest.
# shellcheck shell=bash
# The image_... variables are read by images.bash.
# shellcheck disable=SC2034

known_images=(
  golang:1.24 rust:1.95 rust:1.95-bookworm
  debian:bookworm debian:bookworm-slim debian:trixie-slim ubuntu:24.04
  alpine:3.20 alpine:latest busybox:latest
  python:3.13 python:3.13-slim node:22 node:22-slim nginx:1.27 nginx:alpine registry:2
  gcr.io/distroless/static-debian12:latest gcr.io/distroless/static-debian12:nonroot
  gcr.io/distroless/base-debian12:latest gcr.io/distroless/python3-debian12:latest
)

# describe_image NAME:TAG: sets the image_... variables.
describe_image() {
  local path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  image_layers=() image_env=() image_ports=()
  image_user='' image_workdir='' image_stop_signal=''
  # These two are JSON.
  image_entrypoint=null image_command='["bash"]'

  case $1 in
    debian:bookworm | debian:bookworm-slim)
      image_layers=(bookworm)
      ;;
    debian:trixie-slim)
      image_layers=(trixie)
      ;;
    ubuntu:24.04)
      image_layers=(bookworm ubuntu)
      image_command='["/bin/bash"]'
      ;;
    busybox:latest)
      image_layers=(busybox)
      image_command='["sh"]'
      ;;
    alpine:3.20 | alpine:latest)
      image_layers=(busybox alpine)
      image_command='["/bin/sh"]'
      ;;
    golang:1.24)
      path=/go/bin:/usr/local/go/bin:$path
      image_layers=(trixie golang)
      image_env=(GOLANG_VERSION=1.24 GOTOOLCHAIN=local GOPATH=/go)
      image_workdir=/go
      ;;
    rust:1.95 | rust:1.95-bookworm)
      path=/usr/local/cargo/bin:$path
      image_layers=(bookworm gcc rust)
      image_env=(RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo RUST_VERSION=1.95.0)
      ;;
    python:3.13 | python:3.13-slim)
      image_layers=(trixie python)
      image_env=(LANG=C.UTF-8 PYTHON_VERSION=3.13)
      image_command='["python3"]'
      ;;
    node:22)
      image_layers=(bookworm gcc node)
      image_env=(NODE_VERSION=22)
      image_command='["node"]'
      ;;
    node:22-slim)
      image_layers=(bookworm node)
      image_env=(NODE_VERSION=22)
      image_command='["node"]'
      ;;
    nginx:1.27 | nginx:alpine)
      image_layers=(trixie nginx)
      image_env=(NGINX_VERSION=1.27)
      image_command='["nginx", "-g", "daemon off;"]'
      image_ports=(80/tcp)
      image_stop_signal=SIGQUIT
      ;;
    registry:2)
      image_layers=(busybox registry)
      image_entrypoint='["docker-registry", "serve"]'
      image_command='["/etc/docker/registry/config.yml"]'
      image_ports=(5000/tcp)
      ;;
    gcr.io/distroless/*-debian12:*)
      image_layers=(distroless)
      image_env=(SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt)
      image_workdir=/
      image_command=null
      ;;&
    gcr.io/distroless/static-debian12:latest) ;;
    gcr.io/distroless/static-debian12:nonroot)
      image_user=65532
      image_workdir=/home/nonroot
      ;;
    gcr.io/distroless/base-debian12:latest)
      image_layers+=(distroless-base)
      ;;
    gcr.io/distroless/python3-debian12:latest)
      image_layers+=(distroless-base distroless-python)
      image_env+=(LANG=C.UTF-8)
      image_entrypoint='["/usr/bin/python3.11"]'
      ;;
    *)
      die "no stand-in known for the image $1 (there are: ${known_images[*]})"
      ;;
  esac
  image_env=("PATH=$path" "${image_env[@]}")
}

# fill_NAME ROOT makes the layer NAME. The ones named here start from a release's tree, and
# their layer is what they change in it; the others start from an empty directory.
declare -A layer_over=(
  [gcc]=bookworm
  [golang]=trixie
  [nginx]=trixie
  [python]=trixie
)

# The releases whose packages the other ones unpack.
declare -A layer_unpacks=(
  [busybox]=bookworm
  [registry]=bookworm
  [distroless]=bookworm
  [distroless-base]=bookworm
  [distroless-python]=bookworm
)

fill_gcc() {
  apt_get_install "$1" gcc libc6-dev make pkg-config git ca-certificates
  rm "$1"/usr/bin/*lto-dump*
}

fill_golang() {
  apt_get_install "$1" golang-go gcc libc6-dev make git ca-certificates
  rm -r "$1"/usr/bin/*lto-dump* "$1"/usr/share/go-1.24/{api,test}
  # Where the official image has them.
  ln -s ../lib/go "$1/usr/local/go"
  mkdir -p "$1"/go/{src,bin}
  chmod 1777 "$1"/go{,/src,/bin}
}

fill_rust() {
  local root=$1 toolchain rustup name copy bin tool
  toolchain=$(rust_toolchain 1.95)
  rustup=$(command -v rustup || true)
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

# The directory of the machine's own Rust toolchain of this version.
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

fill_python() {
  local root=$1
  apt_get_install "$root" python3 python3-pip python3-venv ca-certificates
  # Debian's Python installs into paths of its own, and refuses pip. One that is a virtual
  # environment has the paths of the official image.
  in_tree "$root" python3 -m venv --system-site-packages /usr/local
  rm "$root"/usr/local/bin/[aA]ctivate*
  find "$root/usr" -name __pycache__ -type d -prune -exec rm -r {} +
  if [[ -e $root/etc/ssl/certs/ca-certificates.crt ]]; then
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$root/etc/pip.conf"
  fi
}

# Debian's npm is 400 packages around another Node.js; the npm registry has the real ones.
fill_node() {
  local root=$1 local=$1/usr/local scratch=$1.npm
  command -v npm >/dev/null ||
    die "the stand-in for node:22 is fetched with this machine's npm, which is not there: install npm"
  mkdir -p "$scratch" "$local"/{bin,etc,lib/node_modules/npm} "$root/home/node"
  (
    cd "$scratch"
    npm pack --silent --cache "$scratch/cache" "node-linux-$(node_architecture)@22" npm@10
    tar -xzf node-linux-*.tgz --strip-components=2 -C "$local/bin" package/bin/node
    tar -xzf npm-*.tgz --strip-components=1 -C "$local/lib/node_modules/npm"
  )
  rm -r "$scratch"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$local/bin/npx"
  chmod 0755 "$local"/lib/node_modules/npm/bin/*-cli.js
  # npm knows only the certificates it comes with.
  if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then
    echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >"$local/etc/npmrc"
  fi
  with_user bookworm "$root" node 1000 /home/node /bin/bash
}

node_architecture() {
  case $(uname -m) in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
  esac
}

# with_user RELEASE ROOT NAME ID HOME SHELL: the release's users and this one.
with_user() {
  local release=$1 root=$2 name=$3 id=$4 home=$5 shell=$6 file
  mkdir -p "$root/etc" "$root$home"
  for file in passwd group shadow; do
    cp -p "$(base_tree "$release")/etc/$file" "$root/etc/$file"
  done
  echo "$name:x:$id:$id::$home:$shell" >>"$root/etc/passwd"
  echo "$name:x:$id:" >>"$root/etc/group"
  echo "$name:!::0:::::" >>"$root/etc/shadow"
  chown "$id:$id" "$root$home"
}

fill_nginx() {
  local root=$1
  apt_get_install "$root" nginx
  with_user trixie "$root" nginx 101 /nonexistent /bin/false
  # The official image's files and paths.
  rm -r "$root"/etc/nginx/{sites-*,snippets,modules-*} "$root"/var/www
  sed -i -E 's/^user .*/user nginx;/; s/^include.*modules-enabled.*//; /sites-enabled/d' "$root/etc/nginx/nginx.conf"
  mkdir -p "$root/var/log/nginx" "$root/usr/share/nginx/html"
  cat >"$root/etc/nginx/conf.d/default.conf" <<'CONFIG'
server {
    listen 80;
    server_name localhost;
    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
}
CONFIG
  echo '<!DOCTYPE html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>' \
    >"$root/usr/share/nginx/html/index.html"
  sed -i -E 's#^(\s*)access_log .*#\1access_log /dev/stdout;#; s#^(\s*)error_log .*#\1error_log /dev/stderr;#' \
    "$root/etc/nginx/nginx.conf"
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
  local root=$1 scratch=$1.unpacked applet
  unpack_packages bookworm "$scratch" busybox-static
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,tmp,root,home,var/tmp,run}
  chmod 1777 "$root"/{tmp,var/tmp}
  mv "$scratch/bin/busybox" "$root/bin/busybox"
  rm -r "$scratch"
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
  mkdir -p "$1"/etc/ssl "$1"/usr/sbin
  cp "$here"/engine.d/alpine/{adduser,addgroup} "$1/usr/sbin"
  ln -s certs/ca-certificates.crt "$1/etc/ssl/cert.pem"
  echo 3.20.0 >"$1/etc/alpine-release"
  cat >"$1/etc/os-release" <<'RELEASE'
PRETTY_NAME="Stand-in for Alpine Linux 3.20, made of busybox"
NAME="Alpine Linux"
ID=alpine
VERSION_ID=3.20.0
RELEASE
}

# Debian's registry is linked to its C library, which goes along.
fill_registry() {
  unpack_packages bookworm "$1" docker-registry libc6
  mkdir -p "$1/var/lib/registry"
  cat >"$1/etc/docker/registry/config.yml" <<'CONFIG'
version: 0.1
storage:
  filesystem:
    rootdirectory: /var/lib/registry
  delete:
    enabled: true
http:
  addr: :5000
CONFIG
}

fill_distroless() {
  local root=$1
  unpack_packages bookworm "$root" base-files netbase tzdata
  mkdir -p "$root"/{tmp,etc,home/nonroot,root}
  chmod 1777 "$root/tmp"
  chmod 0700 "$root"/{home/nonroot,root}
  chown 65532:65532 "$root/home/nonroot"
  printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
    nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$root/etc/passwd"
  printf '%s\n' root:x:0: nobody:x:65534: tty:x:5: staff:x:50: nonroot:x:65532: >"$root/etc/group"
  trust_what_the_machine_trusts "$root"
}

fill_distroless-base() {
  unpack_packages bookworm "$1" libc6 libssl3
}

fill_distroless-python() {
  unpack_packages bookworm "$1" python3.11-minimal libpython3.11-minimal libpython3.11-stdlib \
    libbz2-1.0 libcom-err2 libcrypt1 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libnsl2 \
    libreadline8 libsqlite3-0 libtinfo6 libtirpc3 libuuid1 zlib1g
  ln -s python3.11 "$1/usr/bin/python3"
  ln -s python3.11 "$1/usr/bin/python"
}
