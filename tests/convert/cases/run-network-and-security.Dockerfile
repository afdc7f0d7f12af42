FROM alpine:3.20
RUN --network=none ip addr
RUN --security=insecure mount
RUN --network=host --device=vendor.example/gpu=all true
