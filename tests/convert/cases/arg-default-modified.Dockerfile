# A default that depends on args can be used with modifiers. One that depends on the base image cannot, which is a remark.
FROM alpine:3.20 AS of-args
ARG VERSION
ARG NAME=tool-$VERSION
COPY a /${NAME%-*}/

FROM alpine:3.20
ARG OTHER=$HOME/x
COPY a /${OTHER:-y}/
