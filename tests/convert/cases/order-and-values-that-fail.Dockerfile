ARG VERSION=${VERSION:?"give a version"}
FROM busybox AS first
COPY --from=second /out /in
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d notes.txt /
COPY --chmod=999 notes.txt /
RUN --mount=type=${KIND},target=/c make
RUN --mount=from=2,target=/c make
FROM busybox AS second
FROM first
ARG NAME
FROM scratch AS empty
ARG NAME
ARG GREETING=${NAME:?"say whom"}
COPY --from=first /in /
