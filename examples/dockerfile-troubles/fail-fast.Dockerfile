FROM busybox:latest
# The script continues after a failing command: the build succeeds, but the image lacks the file.
RUN <<EOF
mkdir /app
cp /no/such/program /app/program
echo "1.0" > /app/version
EOF
CMD ["ls", "/app"]
