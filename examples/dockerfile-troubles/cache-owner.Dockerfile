FROM debian:bookworm-slim
RUN useradd --system --create-home builder
USER builder
# A new cache directory is root's. `uid=` takes numbers only, and this user has whichever was free.
RUN --mount=type=cache,id=troubles-of-dockerfile,target=/home/builder/.cache \
    echo made > /home/builder/.cache/made
