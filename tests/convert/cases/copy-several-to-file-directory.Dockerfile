FROM alpine:3.20
WORKDIR /app
COPY a b c ./
COPY d ./sub/
COPY e renamed
COPY . .
