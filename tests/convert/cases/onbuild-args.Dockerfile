FROM alpine:3.20 AS base
ONBUILD ARG MODE=prod
ONBUILD RUN echo "$MODE"
FROM base
CMD ["true"]
