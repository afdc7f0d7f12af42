# The first comment is about the file.
# It has two lines.

# This one is about the base.
FROM alpine:3.20 AS base

# Dependencies
RUN apk add --no-cache \
    # for scripts
    bash \
    # for downloads
    curl
# env comment
ENV A=1
# expose comment
EXPOSE 80
# The end.
