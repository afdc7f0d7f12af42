# long: each item of a list in a step has a line, as `taplo fmt` writes it
FROM golang:1.24
WORKDIR /src
RUN --mount=type=bind,target=. --mount=type=cache,target=/root/.cache ["go", "vet", "./..."]
