FROM busybox
WORKDIR /app
# The directories that these create have the mode, too.
COPY --chmod=640 a /etc/app/a.conf
COPY --chmod=0600 <<EOF /etc/new/secret
x
EOF
ADD --chmod=700 https://example.com/repo.git /srv
# These create none, or with 0755.
COPY --chmod=640 a /a
COPY --chmod=640 a .
COPY --chmod=755 a /usr/local/bin/
COPY --chmod=u=rw a /etc/other/
