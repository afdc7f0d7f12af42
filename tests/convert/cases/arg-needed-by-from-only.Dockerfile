ARG TAG=3.20
FROM alpine:${TAG}
RUN echo "$TAG"
