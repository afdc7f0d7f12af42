# An ARG keeps the value that its default had, whatever is set after it.
FROM alpine:3.20 AS fixed
ENV V=1
ARG E=$V-x
COPY a /first/$E/
ENV V=2
COPY a /second/$E/
ENV W=$E
RUN echo "$E"

FROM alpine:3.20 AS of-args
ARG A
ARG E=https://example.com/$A
ENV A=2
LABEL url=$E

FROM alpine:3.20 AS same
ARG A
ARG E=https://example.com/$A
ENV A=$A
LABEL url=$E

FROM alpine:3.20 AS lost
ARG E=$PATH
ENV PATH=/x:$PATH
RUN echo "$E"
LABEL path=$E
