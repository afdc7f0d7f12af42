FROM alpine:3.20
ONBUILD COPY --from=build /made /made
ONBUILD RUN --mount=from=build,target=/build cat /build/made > /mounted
