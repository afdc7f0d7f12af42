FROM busybox
RUN echo hi \
 \
 world \
\
 good\
\
night
RUN echo a \
    \
    # between
    \
    b
RUN one && \
    \
    two
