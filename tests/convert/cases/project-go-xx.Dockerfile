# syntax=docker/dockerfile:1

ARG GO_VERSION=1.24
ARG XX_VERSION=1.6.1
ARG ALPINE_VERSION=3.20

FROM --platform=$BUILDPLATFORM tonistiigi/xx:${XX_VERSION} AS xx

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine${ALPINE_VERSION} AS gobase
COPY --link --from=xx / /
RUN apk add --no-cache clang lld git file pkgconf
ENV GOFLAGS=-mod=vendor
ENV CGO_ENABLED=0
WORKDIR /src

FROM gobase AS version
ARG GIT_REF
RUN --mount=target=. <<EOT
  set -e
  case "$GIT_REF" in
    refs/tags/v*) version="${GIT_REF#refs/tags/}" ;;
    *) version=$(git describe --match 'v[0-9]*' --dirty='.m' --always --tags) ;;
  esac
  echo "$version" | tee /tmp/.version
EOT

FROM gobase AS build
ARG TARGETPLATFORM
ARG LDFLAGS="-s -w"
RUN xx-apk add --no-cache musl-dev gcc
RUN --mount=type=bind,target=. \
    --mount=type=cache,target=/root/.cache \
    --mount=type=bind,from=version,source=/tmp/.version,target=/tmp/.version \
    xx-go build -trimpath -ldflags "$LDFLAGS -X main.version=$(cat /tmp/.version)" -o /usr/bin/tool ./cmd/tool && \
    xx-verify --static /usr/bin/tool

FROM gobase AS test
ENV CGO_ENABLED=1
RUN --mount=type=bind,target=. --mount=type=cache,target=/root/.cache \
    go test -v -coverprofile=/tmp/coverage.txt -covermode=atomic ./...

FROM scratch AS test-coverage
COPY --from=test /tmp/coverage.txt /coverage.txt

FROM scratch AS binary
COPY --link --from=build /usr/bin/tool /

FROM --platform=$BUILDPLATFORM alpine:${ALPINE_VERSION} AS releaser
ARG TARGETOS
ARG TARGETARCH
ARG TARGETVARIANT
WORKDIR /work
RUN apk add --no-cache tar
RUN --mount=from=binary \
    --mount=type=bind,from=version,source=/tmp/.version,target=/tmp/.version \
    mkdir -p /out && \
    cp tool "/out/tool-$(cat /tmp/.version).${TARGETOS}-${TARGETARCH}${TARGETVARIANT}"

FROM scratch AS release
COPY --link --from=releaser /out/ /

FROM alpine:${ALPINE_VERSION}
RUN apk add --no-cache ca-certificates tzdata
COPY --link --from=build /usr/bin/tool /usr/local/bin/tool
VOLUME /data
ENTRYPOINT ["tool"]

# long: each of the twelve stages has a header and a base in lines of their own, and most have one step
