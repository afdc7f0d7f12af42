FROM debian:bookworm-slim
RUN <<EOF
apt-get update
apt-get install -y curl
EOF
RUN <<EOF
set -eux
  echo indented
EOF
RUN <<-EOF
	echo tabs
	EOF
RUN <<'EOF' bash
echo $BASH
EOF
RUN <<EOF
#!/usr/bin/env python3
print("hello")
EOF
RUN python3 <<EOF > /out
print("hello")
EOF
