FROM alpine:3.20
ARG NAME=world
COPY <<EOF /greeting
hello $NAME
  and \$HOME
EOF
COPY --chmod=755 <<"RUN" <<-OTHER /bin/
#!/bin/sh
echo $0
RUN
	tabs
	OTHER
COPY <<EOF /indented
  both lines
  are indented
EOF
COPY <<EOF /blank

after a blank line
EOF
