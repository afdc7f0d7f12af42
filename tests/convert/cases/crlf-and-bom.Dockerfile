FROM alpine:3.20
RUN echo a \
    b && \
    echo a-rather-long-word-so-that-it-stays-on-several-lines
