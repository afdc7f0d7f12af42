FROM alpine:3.20
RUN --mount=type=cache,target=/cache,id=parity-namespace touch /cache/without-namespace
