# option: build-arg:VERSION=1.2
# ignore: .git
ARG GO_VERSION=1.24
FROM golang:${GO_VERSION} AS builder
WORKDIR /src
COPY go.mod ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
ARG VERSION
ENV CGO_ENABLED=0
COPY . .
RUN go build -ldflags "-X main.version=$VERSION" \
    -o /out/app .

FROM builder AS test
RUN go test ./...

FROM alpine:3.20
RUN apk add ca-certificates
USER 1000
WORKDIR /data
COPY --link --from=builder /out/app /usr/bin/app
ADD --checksum=sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb https://example.com/x /x
CMD ["app"]
