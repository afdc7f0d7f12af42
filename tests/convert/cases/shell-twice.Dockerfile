FROM debian:bookworm-slim
RUN echo sh
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN echo bash | cat
SHELL ["/bin/sh", "-c"]
RUN echo sh again
