# Built by docker buildx bake for each version of PHP and each variant.
ARG PHP_VERSION=8.3
ARG VARIANT=fpm
ARG COMPOSER_VERSION=2.8
ARG NODE_VERSION=22

FROM composer:${COMPOSER_VERSION} AS composer
FROM mlocati/php-extension-installer:2.6 AS extensions

FROM php:${PHP_VERSION}-${VARIANT} AS php
ARG VARIANT
ARG TZ=Europe/Berlin
ENV TZ=${TZ} \
    COMPOSER_ALLOW_SUPERUSER=1 \
    COMPOSER_HOME=/tmp/composer
COPY --from=extensions /usr/bin/install-php-extensions /usr/local/bin/
RUN set -eux; \
    install-php-extensions apcu intl opcache pdo_pgsql zip; \
    if [ "$VARIANT" = "apache" ]; then \
        a2enmod rewrite headers; \
    elif [ "$VARIANT" = "fpm" ]; then \
        sed -ri -e 's!^;?pm.max_children.*!pm.max_children = 20!' /usr/local/etc/php-fpm.d/www.conf; \
    fi
RUN ln -snf "/usr/share/zoneinfo/$TZ" /etc/localtime && echo "$TZ" > /etc/timezone
COPY docker/php/conf.d/*.ini $PHP_INI_DIR/conf.d/
WORKDIR /app

FROM php AS vendor
COPY --from=composer /usr/bin/composer /usr/local/bin/composer
COPY composer.json composer.lock symfony.lock ./
RUN --mount=type=cache,target=/tmp/composer/cache \
    --mount=type=secret,id=composer-auth,env=COMPOSER_AUTH \
    composer install --no-dev --no-autoloader --no-scripts --prefer-dist
COPY . .
RUN composer dump-autoload --classmap-authoritative --no-dev; \
    composer run-script --no-dev post-install-cmd; \
    chmod +x bin/console; sync

FROM node:${NODE_VERSION}-alpine AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY assets assets
COPY webpack.config.js .
RUN npm run build

FROM php AS dev
ARG XDEBUG_VERSION=3.3.2
RUN install-php-extensions xdebug-${XDEBUG_VERSION}
ENV XDEBUG_MODE=off
COPY docker/php/dev.ini "$PHP_INI_DIR/conf.d/zz-dev.ini"
VOLUME /app/var

FROM php AS prod
ENV APP_ENV=prod
RUN mv "$PHP_INI_DIR/php.ini-production" "$PHP_INI_DIR/php.ini"
COPY --from=vendor /app /app
COPY --from=assets /app/public/build public/build
RUN mkdir -p var/cache var/log && chown -R www-data var
USER www-data

# long: files that are copied together are a list, which formatters lay out in several lines
