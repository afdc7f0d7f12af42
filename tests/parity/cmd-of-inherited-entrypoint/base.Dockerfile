FROM alpine:3.20
ENTRYPOINT ["program"]
CMD ["argument"]
