# An arg of another stage, or one that is declared later, is not seen.
ARG VERSION=1
ARG C=global
FROM busybox AS a
LABEL version=$VERSION
ENV B=${C:-none}
ARG VERSION
LABEL seen=$VERSION

FROM busybox
ARG C
ENV X=$C Y=${VERSION%.*}
ARG VERSION=2
ENV Z=${VERSION%.*} W=${VERSION+set}
RUN echo $Z
ENV A="a b"
ENV A=${A:-c} E=$Z
ENV P=1
ENV P=${P}2
