FROM alpine:3.20
ENV MODE=prod
ARG MODE=dev
RUN echo $MODE
