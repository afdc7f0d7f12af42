# The frontend image: one static binary, and the labels that tell BuildKit its capabilities.
FROM rust:1.95 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,id=mstage-target,target=/src/target \
    host=$(rustc -vV | sed -n 's/^host: //p') \
 && cargo frontend --target "$host" \
 && cp "target/$host/release/mstage-frontend" /mstage-frontend

FROM scratch
COPY --from=build /mstage-frontend /mstage-frontend
LABEL moby.buildkit.frontend.network.none="true" \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
ENTRYPOINT ["/mstage-frontend"]
