FROM alpine:3.20
RUN cd /src; make; make install
RUN cd /src && make && make install
RUN if [ -f x ]; then rm x; fi
RUN set -e; make; make install
RUN make || true
RUN (make; make test) | tee log
