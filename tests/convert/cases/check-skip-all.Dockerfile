# check=skip=all
FROM busybox
ENTRYPOINT echo
