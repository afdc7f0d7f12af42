FROM debian:bookworm-slim
RUN apt-get update \
 # tools of the build
 && apt-get install -y --no-install-recommends \
      gcc \
      make \
      # and of the tests
      shellcheck \
 # nothing of it stays
 && rm -rf /var/lib/apt/lists/*
