#!/bin/sh
# Builds an image with a compiler, copies the program out of it, and builds the final image from it.
set -eu
image=${1:-hrefs}
cd "$(dirname "$0")/.."

docker build -t "$image-build" -f before/Dockerfile.build .

program=$(mktemp -d)
container=$(docker create "$image-build")
trap 'docker rm "$container" >/dev/null; rm -r "$program"' EXIT
docker cp "$container:/out/hrefs" "$program/"

docker build -t "$image" -f before/Dockerfile "$program"
