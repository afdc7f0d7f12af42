# syntax=docker/dockerfile:1
FROM golang:1.24 AS build
WORKDIR /src
RUN --mount=type=bind,source=go.mod,target=go.mod \
    --mount=type=bind,target=.,rw \
    --mount=type=cache,id=mod,target=/go/pkg/mod,sharing=locked \
    go mod download
RUN --mount=type=secret,id=token,env=TOKEN --mount=type=ssh,required=true \
    --mount=type=tmpfs,target=/tmp,size=64m \
    --network=none --security=insecure --device=vendor.com/gpu=all,required make
RUN --mount=from=alpine:3.20,source=/etc,target=/alpine ls /alpine
