ARG VARIANT=slim
FROM debian:bookworm-slim AS slim
RUN useradd app
ENV MODE=slim
USER app
FROM debian:bookworm AS full
RUN useradd app
USER app
FROM ${VARIANT}
RUN whoami && echo $MODE
