FROM alpine:3.20
ENV IMAGE_NAME=parent
