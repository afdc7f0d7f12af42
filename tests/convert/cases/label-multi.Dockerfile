FROM alpine:3.20
LABEL a=1 b="two words" \
      com.example.c="x=\"y\""
LABEL legacy form of a label
