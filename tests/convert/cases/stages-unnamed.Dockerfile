FROM golang:1.24
RUN go build -o /server .
FROM alpine:3.20
COPY --from=0 /server /usr/bin/server
ENTRYPOINT ["/usr/bin/server"]
