FROM alpine:3.20
ARG DIR=conf
ENV TARGET=/etc/app
COPY ${DIR}/*.conf ${TARGET}/
COPY --chown=${OWNER:-root} x /x
