FROM debian:bookworm-slim
ARG DEBIAN_FRONTEND=noninteractive
ARG VERSION=1
RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
RUN make build
RUN echo $VERSION > /version
