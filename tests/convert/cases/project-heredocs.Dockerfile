# syntax=docker/dockerfile:1.4
FROM alpine:3.20 AS config

COPY <<nginx.conf <<mime.types /etc/nginx/
worker_processes auto;
events { worker_connections 1024; }
http {
    include mime.types;
    server {
        listen 8080;
        root /srv/www;
        location / { try_files $uri /index.html; }
    }
}
nginx.conf
types {
    text/html html;
    application/javascript js;
}
mime.types

ARG RELEASE=unknown
COPY <<-EOT /srv/www/release.txt
	release ${RELEASE}
	base ${BASE:-none}
EOT

COPY --chmod=755 <<'EOT' /usr/local/bin/entrypoint
#!/bin/sh
set -eu
# Without arguments, the server starts.
[ $# -gt 0 ] || set -- nginx -g 'daemon off;'
exec "$@"
EOT

FROM config AS checked
RUN <<EOT
set -e
test -x /usr/local/bin/entrypoint
grep -q "release" /srv/www/release.txt
EOT
RUN <<EOT ash
for f in /etc/nginx/*; do
  echo "$f"
done
EOT
RUN cat <<'A' > /a.txt && cat <<B > /b.txt
one $HOME
A
two $HOME
B

FROM python:3.12-alpine AS report
RUN <<EOT
#!/usr/bin/env python3
import json, pathlib
pathlib.Path("/report.json").write_text(json.dumps({"ok": True}))
EOT

FROM config
RUN apk add --no-cache nginx
COPY --from=report /report.json /srv/www/
ENTRYPOINT ["entrypoint"]
