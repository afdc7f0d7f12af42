FROM alpine:3.20
RUN echo hi
ENV LATE=1
CMD ["sh"]
