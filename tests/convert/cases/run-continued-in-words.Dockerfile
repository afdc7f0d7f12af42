FROM alpine:3.20
RUN echo one\
two
RUN wget https://example.com/a/very/long/path/of/a/file/\
that/goes/on/in/the/next/line.tar.gz && \
    tar xf line.tar.gz&&\
    echo done;\
    echo really
