FROM scratch
COPY file /base
ONBUILD COPY file /triggered
