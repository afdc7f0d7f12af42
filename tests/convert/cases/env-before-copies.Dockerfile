FROM alpine:3.20
RUN apk add --no-cache curl
ENV MODE=prod PATH=/opt/bin:$PATH
COPY bin /opt/bin
CMD ["app"]
