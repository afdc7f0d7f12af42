FROM alpine:3.20
WORKDIR /of/base
