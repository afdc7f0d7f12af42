FROM busybox:latest
# The script goes on when a command fails: this builds, and the image lacks the file.
RUN <<EOF
mkdir /app
cp /no/such/program /app/program
echo "1.0" > /app/version
EOF
CMD ["ls", "/app"]
