FROM debian:bookworm-slim
RUN echo sh; echo still sh
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN curl x | tar x; echo $?
CMD echo $0
