ARG A=1
ARG A=${A}2
ARG B=${A}-${UNKNOWN}
FROM alpine:3.20
ARG B
RUN echo $B
