FROM debian:bookworm-slim
SHELL ["/bin/bash", "-c"]
RUN echo "${BASH_VERSION}"
ENTRYPOINT echo $0
