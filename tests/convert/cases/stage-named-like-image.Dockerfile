FROM alpine:3.20 AS alpine
RUN true
FROM alpine
RUN false || true
