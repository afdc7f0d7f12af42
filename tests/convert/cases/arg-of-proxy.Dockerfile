FROM alpine:3.20
ARG HTTP_PROXY
ARG no_proxy=localhost
RUN wget -q http://example.org/
