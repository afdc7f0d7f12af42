FROM rust:1.95 AS builder
WORKDIR /src
ENV RUSTFLAGS="-C target-feature=+crt-static"
COPY Cargo.toml Cargo.lock ./
COPY src src/
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,id=to-ascii-target \
    set -e; \
    target=$(rustc --print host-tuple); \
    cargo build --release --locked --target "$target"; \
    cp "target/$target/release/to-ascii" /usr/local/bin/

FROM scratch
COPY --from=builder /usr/local/bin/to-ascii /
USER 65532:65532
ENTRYPOINT ["/to-ascii"]
