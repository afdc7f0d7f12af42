FROM alpine:3.20
RUN echo "it's" '"quoted"' \$HOME ${X:-y}
LABEL a='single $X' b="double \"quotes\"" c=\$literal
ENV S="a	tab" U=ünï
WORKDIR "/with space"
USER "app"
