FROM alpine:3.20
HEALTHCHECK --retries=5 CMD check
