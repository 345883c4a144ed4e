# cryptosense-api: one release of the API. The context is the repository after `npm ci`:
#   docker build -f images/api.Dockerfile --build-arg VERSION=1.0.0 -t cryptosense-api:1.0.0 .
# Nothing is downloaded: Node and esbuild come out of node_modules, which the lock file pins.

# The same lines as in operator.Dockerfile, so that both images share the layer with Node in it.
FROM debian:bookworm-slim AS node
COPY images/runtime/collect.sh /usr/local/bin/
COPY node_modules/node-linux-*/bin/node /usr/bin/node
RUN collect.sh /runtime /usr/bin/node

FROM node AS build
WORKDIR /src
COPY node_modules node_modules
COPY package.json ./
COPY images/bundle.ts images/web-page.ts images/web-page.css images/
COPY app app
# The faulty release of the demonstration is the same application with another entry.
COPY test test
ARG ENTRY=app/main.ts
RUN mkdir -p /out/app/migrations && cp app/migrations/*.sql /out/app/migrations/ && \
    node images/bundle.ts "$ENTRY" /out/app/main.mjs && rm /out/app/*.map && \
    node images/web-page.ts app/web/client/main.ts /out/app/web

FROM scratch
COPY --from=node /runtime /
COPY --from=build /out /
WORKDIR /app
USER 1001:1001
ENV NODE_ENV=production PORT=3000
EXPOSE 3000
# There is no shell in the image and no curl: Node asks itself. No certificates either: Node brings its own roots.
HEALTHCHECK --interval=30s --timeout=3s --start-period=40s \
  CMD ["/usr/bin/node", "-e", "fetch('http://127.0.0.1:'+process.env.PORT+'/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# A pod has about one core: threads that help to collect garbage would share it with the thread that waits for them.
ENTRYPOINT ["/usr/bin/node", "--single-threaded-gc", "--max-semi-space-size=16", "/app/main.mjs"]
ARG VERSION=0.0.0
ENV APP_VERSION=$VERSION
LABEL org.opencontainers.image.title="cryptosense-api" \
      org.opencontainers.image.description="The CryptoSense price API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
