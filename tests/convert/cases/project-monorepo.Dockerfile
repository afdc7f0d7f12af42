# syntax=docker/dockerfile:1.7

# One image for each service of the workspace; CI builds them with --target.
ARG NODE_VERSION=22
ARG PNPM_VERSION=9.12.0

FROM node:${NODE_VERSION}-alpine AS base
ARG PNPM_VERSION
ENV PNPM_HOME=/pnpm \
    PATH=/pnpm:$PATH \
    CI=true
RUN apk add --no-cache libc6-compat tini && \
    corepack enable && \
    corepack prepare pnpm@${PNPM_VERSION} --activate
WORKDIR /repo

# What `pnpm fetch` needs, so that a change of a package.json does not download again.
FROM base AS fetch
COPY pnpm-lock.yaml pnpm-workspace.yaml ./
RUN --mount=type=cache,id=pnpm,target=/pnpm/store pnpm fetch

FROM fetch AS deps
COPY package.json ./
COPY --parents packages/*/package.json services/*/package.json ./
RUN --mount=type=cache,id=pnpm,target=/pnpm/store \
    pnpm install --frozen-lockfile --offline

FROM deps AS build
COPY . .
RUN --mount=type=cache,id=pnpm,target=/pnpm/store \
    --mount=type=cache,target=/repo/.turbo \
    pnpm turbo run build

FROM build AS test
ENV NODE_ENV=test
RUN --mount=type=cache,target=/repo/.turbo \
    pnpm turbo run test lint

FROM build AS deploy-api
RUN --mount=type=cache,id=pnpm,target=/pnpm/store \
    pnpm deploy --filter=@acme/api --prod /out

FROM build AS deploy-worker
RUN --mount=type=cache,id=pnpm,target=/pnpm/store \
    pnpm deploy --filter=@acme/worker --prod /out

FROM node:${NODE_VERSION}-alpine AS runtime
RUN apk add --no-cache tini \
 && addgroup -S app \
 && adduser -S -G app app
ENV NODE_ENV=production
WORKDIR /app
USER app
ENTRYPOINT ["/sbin/tini", "--"]

FROM runtime AS worker
COPY --from=deploy-worker --chown=app:app /out .
CMD ["node", "dist/worker.js"]

FROM runtime AS api
# The port of the health endpoint is the same.
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=2s CMD wget -qO- http://localhost:3000/healthz || exit 1
COPY --from=deploy-api --chown=app:app /out .
CMD ["node", "dist/server.js"]

# The website is static.
FROM nginx:1.27-alpine AS web
COPY services/web/nginx.conf /etc/nginx/conf.d/default.conf
COPY --from=build /repo/services/web/dist /usr/share/nginx/html

# long: each of the eleven stages has a header and a base in lines of their own, and most have one step
