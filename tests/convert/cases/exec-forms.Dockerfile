FROM alpine:3.20
RUN ["sh", "-c", "echo ${X} $Y"]
RUN [ "not json ]
ENTRYPOINT ["tini", "--"]
CMD not a list
