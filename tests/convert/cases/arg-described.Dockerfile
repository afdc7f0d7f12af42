# GO_VERSION The Go toolchain
ARG GO_VERSION=1.24
# just a comment
ARG OTHER

# app The server
FROM golang:${GO_VERSION} AS app
