from alpine:3.20 as Base.One
run echo 1
FROM base.one AS two
copy --from=BASE.ONE /a /b
FROM alpine:3.20
COPY --from=0 /a /b
COPY --from=two /a /c
