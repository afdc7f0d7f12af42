FROM debian:bookworm-slim
RUN useradd --system --create-home builder
USER builder
# A new cache directory belongs to root. `uid=` accepts only numbers, and the number of this user is not fixed.
RUN --mount=type=cache,id=troubles-of-dockerfile,target=/home/builder/.cache \
    echo made > /home/builder/.cache/made
