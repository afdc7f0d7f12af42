ARG FROM_SOURCE=true
FROM alpine:3.20 AS tool-true
RUN make -C /src install
FROM scratch AS tool-false
COPY tool /usr/bin/
FROM tool-${FROM_SOURCE} AS tool
FROM tool
CMD ["tool"]
