FROM alpine:3.20
WORKDIR /app/$SUB
COPY $FILE $1 /x/
LABEL a=${B:-${C}} d="${E:?must be set}"
