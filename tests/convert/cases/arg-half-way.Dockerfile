FROM alpine:3.20
RUN echo $LATE
ARG LATE=yes
RUN echo $LATE
RUN make
