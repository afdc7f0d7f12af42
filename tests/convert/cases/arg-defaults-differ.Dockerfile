ARG TAG=3.20
FROM alpine:$TAG AS a
ARG TAG=other
RUN echo $TAG
FROM alpine:$TAG
ARG TAG
RUN echo $TAG
