FROM alpine:3.20
RUN --mount=type=cache,target=/cache,id=parity-of-namespaces touch /cache/without-namespace
