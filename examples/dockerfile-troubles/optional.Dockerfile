FROM busybox:latest
# Fails if the file does not exist: a service without settings of its own needs an empty one.
COPY settings.ini /etc/app/
CMD ["ls", "/etc/app"]
