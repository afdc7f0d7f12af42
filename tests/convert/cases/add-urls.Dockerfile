FROM alpine:3.20
ARG V=1.0
ADD https://example.org/tool-${V}.tar.gz /tmp/
ADD --checksum=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef --chmod=755 https://example.org/tool /usr/bin/tool
ADD --unpack=true https://example.org/x.tgz /x/
