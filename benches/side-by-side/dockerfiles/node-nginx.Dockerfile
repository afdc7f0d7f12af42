FROM node:22-slim AS modules
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund

FROM modules AS builder
COPY src src/
RUN --mount=type=cache,target=/root/.npm npm run build

FROM nginx:1.27
COPY --from=builder /app/dist /usr/share/nginx/html/
