# A default that depends on args can be used with modifiers; one that depends on a variable cannot.
FROM alpine:3.20 AS of-args
ARG VERSION
ARG NAME=tool-$VERSION
COPY a /${NAME%-*}/

FROM alpine:3.20
ARG OTHER=$HOME/x
COPY a /${OTHER:-y}/
