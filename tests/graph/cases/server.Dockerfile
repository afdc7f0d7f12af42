# syntax=myorg/mstage
# request: --target final
ARG GO_VERSION=1.24
FROM alpine AS Tools
ADD https://example.com/tool.tar.gz /bin/
RUN <<END
  echo one
  echo two
END

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
USER 1000
COPY . .
ENV CGO_ENABLED=0
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=bind,from=Tools,source=/bin,target=/tools \
    go vet ./... && \
    go build -o /out/server ./cmd/server

FROM build AS test
RUN go test ./...

FROM scratch
COPY --from=build /out/debug /

FROM gcr.io/distroless/static AS Final
COPY --from=1 --chown=65532 /out/server /
COPY --from=busybox:musl /bin/busybox /busybox
ENTRYPOINT ["/server"]
