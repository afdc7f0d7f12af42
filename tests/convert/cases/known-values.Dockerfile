# What a variable is decides on the form of a step.
FROM busybox AS tools
ENV TOOL_URL=https://example.com/tool.bin KIND=cache NOTHING=""
ARG MODE=0640
ADD ${TOOL_URL} /opt/
RUN --mount=type=$KIND,target=/root/.cache,id=tools make
COPY notes.txt $NOTHING
COPY --chmod=$MODE etc/tool.conf /etc/tool/conf.d/
COPY --chmod=755 tool.sh /usr/local/bin/tool
COPY --chmod=600 --chown=$OWNER key .
COPY $SOURCES /src/
EXPOSE 127.0.0.1:8080:80 [::1]:53:5353/udp 5000-5002:6000-6002 $PORT
