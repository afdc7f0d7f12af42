FROM alpine:3.20
LABEL kept=base changed=base
