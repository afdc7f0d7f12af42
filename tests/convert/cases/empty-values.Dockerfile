FROM alpine:3.20
ARG EMPTY=
ENV A="" B=
LABEL c=
RUN echo "[$EMPTY][$A][$B]"
CMD []
ENTRYPOINT []
