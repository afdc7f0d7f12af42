FROM golang:1.24 AS modules
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum* ./
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build go mod download

FROM modules AS builder
COPY *.go ./
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w" -o /out/whoami .

FROM scratch
COPY --from=builder /out/whoami /
USER 65532:65532
ENTRYPOINT ["/whoami"]
CMD ["--port", "8080"]
EXPOSE 8080
