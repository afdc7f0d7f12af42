# F refers to the B that the base image may have, not to the one that is set after it.
FROM alpine:3.20
RUN true
ENV A=1
ENV F=$B
ENV B=$A
RUN echo $F
