ARG A="a b"
ARG B='$HOME'
ARG C=c\ d
FROM alpine:3.20
ARG A
ARG B
ARG C
RUN printf '%s\n' "$A" "$B" "$C"
