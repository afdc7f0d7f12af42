# long: each stage has two or three instructions
# Variables that only the last steps see are keys of these steps.
FROM alpine:3.20 AS one
RUN apk add --no-cache curl
# the version to download
ENV TOOL_VERSION=1.2 PATH=/opt/tool/bin:$PATH
RUN curl -fsSL https://example.com/tool-$TOOL_VERSION.tar.gz | tar -xz -C /opt
COPY entrypoint.sh /
LABEL version=$TOOL_VERSION
ENTRYPOINT ["/entrypoint.sh"]

FROM alpine:3.20 AS two
RUN apk add --no-cache make
ENV LANG=C.UTF-8
RUN make
RUN --network=none ["make", "test"]

# A copy uses the variable.
FROM alpine:3.20 AS copies
RUN apk add --no-cache make
ENV TARGET=/srv
RUN make
COPY a $TARGET/

# An ARG of the earlier step has the same name.
FROM alpine:3.20 AS arg
ARG LEVEL
RUN ./configure
ENV LEVEL=$LEVEL
RUN make

FROM alpine:3.20 AS base
RUN apk add --no-cache make
ENV LANG=C.UTF-8
RUN make

FROM base
RUN make install
