FROM nginx:1.27
COPY serve.sh /
EXPOSE 8080
# What the base says cannot be taken back: port 80 stays exposed, and an empty variable is still a variable.
ENV NGINX_VERSION=
CMD ["sh", "/serve.sh"]
