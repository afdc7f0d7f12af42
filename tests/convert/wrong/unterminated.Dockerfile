FROM alpine
RUN <<EOF
echo
# reported:
# Dockerfile:2: unterminated heredoc
#   help: end it with a line that contains only `EOF`
