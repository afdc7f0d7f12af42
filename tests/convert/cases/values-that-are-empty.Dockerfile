FROM --platform= alpine:3.20
ARG my-arg=1
USER nobody
USER ""
HEALTHCHECK --timeout= --retries=007 CMD true
EXPOSE 80/ "" 127.0.0.1:8080:81
RUN --mount=source=../file,target=/file true
ENV NAME=a.b VALUE=${OTHER:-x}
ENV REPLACED=${NAME/./\-}
ENTRYPOINT
