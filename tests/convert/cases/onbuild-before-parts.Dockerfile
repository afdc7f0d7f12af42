FROM busybox AS base
ONBUILD COPY . /src
HEALTHCHECK CMD wget -q localhost
SHELL ["/bin/ash", "-c"]
RUN setup
CMD serve
