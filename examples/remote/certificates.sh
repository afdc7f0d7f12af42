#!/usr/bin/env bash
# Creates a CA and its certificates in ./certs: `daemon` for the builders, `client` for their users.
# Usage: certificates.sh NAME... (all names and addresses under which clients connect to the builders)
#   ./certificates.sh buildkitd '*.buildkitd' buildkitd.ci.svc '*.buildkitd.ci.svc'

set -euo pipefail

(($# > 0)) || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }

names=()
for name in "$@"; do
  if [[ $name =~ ^[0-9.]+$ || $name == *:* ]]; then
    names+=("IP:$name")
  else
    names+=("DNS:$name")
  fi
done

umask 077
mkdir -p certs/daemon certs/client
cd certs
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
  -subj "/CN=builders" -keyout ca.key -out ca.crt

# sign DIRECTORY USAGE [NAMES]
sign() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -subj "/CN=$1" -keyout "$1/tls.key" -out "$1/tls.csr"
  printf 'extendedKeyUsage=%s\n%s' "$2" "${3:+subjectAltName=$3}" |
    openssl x509 -req -days 365 -in "$1/tls.csr" -CA ca.crt -CAkey ca.key -CAcreateserial \
      -extfile /dev/stdin -out "$1/tls.crt"
  rm "$1/tls.csr"
  cp ca.crt "$1/ca.crt"
}

sign daemon serverAuth "$(IFS=,; echo "${names[*]}")"
sign client clientAuth
