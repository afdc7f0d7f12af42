FROM scratch
ADD https://example.com/repo.git?ref=v1&submodules=false /without
