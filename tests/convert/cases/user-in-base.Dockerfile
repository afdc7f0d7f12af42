FROM alpine:3.20 AS base
RUN adduser -D app
USER app
FROM base AS files
COPY a /a
FROM base AS commands
RUN whoami
FROM base AS rooted
USER root
RUN whoami
