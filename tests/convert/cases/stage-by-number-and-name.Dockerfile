FROM golang:1.24
RUN go build -o /a .
FROM golang:1.24 AS second
COPY --from=0 /a /a
FROM scratch
COPY --from=0 /a /a
COPY --from=second /a /b
COPY --from=busybox:latest /bin/busybox /busybox
