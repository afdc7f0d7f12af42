FROM alpine:3.20 AS copies
USER worker
# the directory is there before anything is copied
WORKDIR /srv/app
COPY tools /usr/local/bin/
RUN ./configure

FROM alpine:3.20 AS turns
USER worker
WORKDIR /srv/app
USER root
RUN apk add --no-cache curl
USER worker
RUN ./configure

FROM alpine:3.20
USER worker
WORKDIR /srv/app
COPY . .
RUN ./configure
