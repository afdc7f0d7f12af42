FROM alpine:3.20
LABEL maintainer="The Team <team@example.org>"
RUN apk add --no-cache postfix
ENV MAIL_RELAY_HOST=relay.example.org MAIL_RELAY_PORT=2525 MAIL_DOMAIN=example.org MAIL_NAME=mail
