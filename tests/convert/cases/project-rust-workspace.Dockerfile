# syntax=docker/dockerfile:1

ARG RUST_VERSION=1.95
ARG APP_NAME=mail-gateway

################################################################################
# The dependencies are built first, so that they are in the cache.

FROM rust:${RUST_VERSION}-slim-bookworm AS chef
WORKDIR /app
RUN apt-get update \
    && apt-get install -y --no-install-recommends pkg-config libssl-dev protobuf-compiler \
    && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install --locked cargo-chef@0.1.71

FROM chef AS planner
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS builder
ARG APP_NAME
ENV CARGO_INCREMENTAL=0
COPY --from=planner /app/recipe.json recipe.json
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/app/target,id=${APP_NAME}-target \
    cargo chef cook --release --recipe-path recipe.json
COPY . .
# The binary is copied out: the target directory is a cache and not in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/app/target,id=${APP_NAME}-target <<EOF
set -e
cargo build --locked --release --bin "$APP_NAME"
cp "./target/release/$APP_NAME" /bin/server
EOF

FROM builder AS lint
RUN rustup component add clippy rustfmt
RUN cargo fmt --all --check
RUN --mount=type=cache,target=/usr/local/cargo/registry cargo clippy --all-targets -- -D warnings

################################################################################
FROM debian:bookworm-slim AS final

# Nobody can log in as this user.
ARG UID=10001
RUN adduser \
    --disabled-password \
    --gecos "" \
    --home "/nonexistent" \
    --shell "/sbin/nologin" \
    --no-create-home \
    --uid "${UID}" \
    appuser
USER appuser

COPY --from=builder /bin/server /bin/

LABEL org.opencontainers.image.source="https://example.org/mail-gateway" \
      org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 8025/tcp 9100
CMD ["/bin/server"]
