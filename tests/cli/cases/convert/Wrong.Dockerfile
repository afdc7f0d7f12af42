FROM alpine:3.20
RUN --mont=type=cache,target=/x true
CPOY a b
