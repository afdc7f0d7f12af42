FROM alpine:3.20 AS base
RUN echo before
ENV X=1
RUN echo after
FROM base
RUN echo $X
