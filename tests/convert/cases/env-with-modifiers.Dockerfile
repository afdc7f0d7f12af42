FROM alpine:3.20
ARG V=1.2.3
ENV MAJOR=${V%%.*} REST=${V#*.} DASHED=${V//./-} SET=${V:+yes}
RUN echo $MAJOR
