FROM alpine:3.20
RUN --mount=type=tmpfs,target=/tmp,size=64m dd if=/dev/zero of=/tmp/x bs=1M count=1
