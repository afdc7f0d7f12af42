# long: commands after `;` need `set +e` and have a line each
FROM alpine:3.20
RUN echo a; echo b
RUN echo a && echo b || echo c
RUN set -e; echo a; echo b
RUN for i in 1 2 3; do echo $i; done
RUN if true; then echo yes; fi
RUN (echo a; echo b) | sort
RUN echo one & wait
