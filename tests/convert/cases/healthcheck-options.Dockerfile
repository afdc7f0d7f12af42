FROM alpine:3.20
HEALTHCHECK --interval=1m --timeout=2s --start-period=3s --start-interval=1s --retries=4 CMD ["true"]
