ARG my-arg=1
FROM alpine:3.20
RUN echo 1
