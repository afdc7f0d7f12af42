FROM busybox:latest
RUN head -c 20000000 /dev/urandom > /big
RUN wc -c < /big > /size
# The file is removed, but its layer remains. In a single RUN, the steps could not be cached separately.
RUN rm /big
CMD ["cat", "/size"]
