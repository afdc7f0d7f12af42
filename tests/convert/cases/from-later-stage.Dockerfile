FROM busybox AS alpine
RUN echo 1
FROM tools
COPY --from=alpine /a /b
FROM scratch AS tools
COPY a /
