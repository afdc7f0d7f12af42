FROM busybox:latest
# Fails while there is no such file: a service without settings of its own needs an empty one.
COPY settings.ini /etc/app/
CMD ["ls", "/etc/app"]
