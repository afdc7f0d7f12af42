ARG BUILDPLATFORM=${BUILDPLATFORM:-linux/amd64}
FROM --platform=$BUILDPLATFORM alpine:3.20
# a variable of the base image may be its default
ARG RELEASE=$RELEASE
ARG CHANNEL=${CHANNEL:-stable}
ENV RELEASE=$RELEASE
RUN echo $CHANNEL
