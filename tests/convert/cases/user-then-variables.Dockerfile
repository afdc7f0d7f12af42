FROM alpine:3.20
RUN adduser -D worker
WORKDIR /srv
USER worker
ENV STATE=first
RUN ./prepare "$STATE"
# the user stays the same in what comes after a variable has changed
ENV STATE=second
RUN ./finish "$STATE"
