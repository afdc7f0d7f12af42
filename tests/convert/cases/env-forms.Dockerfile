FROM alpine:3.20
ENV A=1 B="two words" C=three\ words
ENV D four words here
ENV PATH=/opt/bin:$PATH
ENV E=${A}-${F:-none}
ENV A=again
