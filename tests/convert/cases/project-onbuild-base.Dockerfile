# The base for all services of the company, and the service that tests it.
ARG NODE=22

FROM node:$NODE-bookworm AS builder-base
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /usr/src/app
ONBUILD ARG NODE_ENV=production
ONBUILD ENV NODE_ENV=$NODE_ENV
ONBUILD COPY package.json package-lock.json ./
ONBUILD RUN npm ci && npm cache clean --force
ONBUILD COPY . .

FROM node:$NODE-bookworm-slim AS runtime-base
RUN apt-get update \
 && apt-get -y install --no-install-recommends dumb-init \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /usr/src/app
ENTRYPOINT ["dumb-init", "--"]
ONBUILD USER node

FROM builder-base AS build
RUN npm run build

FROM runtime-base
COPY --from=build --chown=node /usr/src/app/dist ./dist
COPY --from=build --chown=node /usr/src/app/node_modules ./node_modules
CMD ["node", "dist/index.js"]

# long: what a base of the same file triggers is written out in the stage that it triggers it in
