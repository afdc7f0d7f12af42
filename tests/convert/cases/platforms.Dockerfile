FROM --platform=$BUILDPLATFORM tonistiigi/xx AS xx
FROM --platform=$BUILDPLATFORM golang:1.24 AS build
COPY --from=xx / /
ARG TARGETPLATFORM
RUN xx-go build -o /out/app .
ARG TARGETOS TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/other .
FROM scratch
COPY --from=build /out/ /
