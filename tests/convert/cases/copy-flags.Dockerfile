# long: each item of a list in a step has a line, as `taplo fmt` writes it
FROM alpine:3.20
COPY --chown=1000:1000 --chmod=0644 a.conf /etc/a.conf
COPY --link --exclude=*.log --exclude=tmp src/ /src/
COPY --parents a/b/c.txt x/./y/z.txt /out/
COPY ["with space.txt", "/with space/"]
