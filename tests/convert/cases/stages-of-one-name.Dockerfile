FROM alpine:3.20 AS a
RUN echo 1 > /n
FROM alpine:3.20 AS a
RUN echo 2 > /n
FROM scratch
COPY --from=a /n /n
