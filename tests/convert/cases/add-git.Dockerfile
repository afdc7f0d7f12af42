FROM alpine:3.20
ADD https://github.com/moby/buildkit.git#v0.20.0:docs /docs
ADD --keep-git-dir=true git@example.org:a/b.git /b
