FROM alpine:3.20
MAINTAINER Jane <jane@example.com>
LABEL org.opencontainers.image.title="App" org.opencontainers.image.version=1.0 "with space"="x y"
EXPOSE 80/tcp 443 53/udp
VOLUME ["/data", "/log"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --retries=3 CMD curl -f http://localhost/ || exit 1
ENTRYPOINT ["/usr/bin/app", "--flag"]
CMD ["serve"]
ONBUILD RUN echo hi
