FROM nginx:1.27
COPY serve.sh /
EXPOSE 8080
# Settings of the base cannot be removed: port 80 stays exposed, and an empty variable is still set.
ENV NGINX_VERSION=
CMD ["sh", "/serve.sh"]
