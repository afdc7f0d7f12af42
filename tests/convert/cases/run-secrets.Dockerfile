FROM alpine:3.20
RUN --mount=type=secret,id=token cat /run/secrets/token
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,mode=0400,required=true cat /root/.npmrc
RUN --mount=type=secret,id=aws,env=AWS_KEY echo "${AWS_KEY:0:2}"
RUN --mount=type=ssh git clone git@example.org:a/b.git
