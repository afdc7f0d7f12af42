# The example `lines` as an image: docker buildx build -f crates/buildkit-frontend/examples/lines.Dockerfile -t myorg/lines --load .
FROM rust:1.95 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,id=mstage-target,target=/src/target \
    host=$(rustc -vV | sed -n 's/^host: //p') \
 && RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --locked --target "$host" --package buildkit-frontend --example lines \
 && cp "target/$host/debug/examples/lines" /lines

FROM scratch
COPY --from=build /lines /lines
LABEL moby.buildkit.frontend.network.none="true"
ENTRYPOINT ["/lines"]
