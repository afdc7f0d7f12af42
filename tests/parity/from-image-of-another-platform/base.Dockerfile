FROM scratch
COPY file /base
CMD ["/base"]
