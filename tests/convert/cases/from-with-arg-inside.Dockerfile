ARG REGISTRY=docker.io
ARG TAG
FROM ${REGISTRY}/library/alpine:${TAG:-3.20} AS base
RUN true
