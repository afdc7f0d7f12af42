# long: each item of a list in a step has a line, as `taplo fmt` writes it
FROM alpine:3.20
COPY a /b
COPY a b c/
COPY ["with space", "and more", "/dest/"]
COPY --chown=app:app --chmod=0755 --link bin/* /usr/local/bin/
COPY --parents src/./lib/*.c /src/
COPY --exclude=*.md --exclude=docs . .
COPY --from=nginx:1.27 /etc/nginx /etc/nginx
COPY a b /file
