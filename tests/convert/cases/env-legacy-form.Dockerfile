FROM alpine:3.20
ENV GREETING hello  world
ENV PATH $PATH:/opt/bin
RUN echo $GREETING
