# escape=`
FROM alpine:3.20
RUN echo one `
    two three four five six seven eight nine ten eleven twelve thirteen
COPY a`b /c
ENV X="a`"b"
