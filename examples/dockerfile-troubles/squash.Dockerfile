FROM busybox:latest
RUN head -c 20000000 /dev/urandom > /big
RUN wc -c < /big > /size
# The file is gone, and its layer is still there. In one RUN nothing of the steps would be cached.
RUN rm /big
CMD ["cat", "/size"]
