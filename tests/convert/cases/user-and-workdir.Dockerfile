FROM node:20
WORKDIR /app
COPY package.json .
RUN npm ci
USER node
COPY --chown=node:node . .
RUN npm run build
EXPOSE 3000
CMD ["npm", "start"]
