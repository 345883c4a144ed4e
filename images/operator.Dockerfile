# cryptosense-operator. The context is the repository after `npm ci`:
#   docker build -f images/operator.Dockerfile -t cryptosense-operator:dev .
# Nothing is downloaded: Node and esbuild come out of node_modules, which the lock file pins.

# The same lines as in api.Dockerfile, so that both images share the layer with Node in it.
FROM debian:bookworm-slim AS node
COPY images/runtime/collect.sh /usr/local/bin/
COPY node_modules/node-linux-*/bin/node /usr/bin/node
RUN collect.sh /runtime /usr/bin/node

FROM node AS build
WORKDIR /src
COPY node_modules node_modules
COPY package.json ./
COPY images/bundle.ts images/web-page.ts images/web-page.css images/
COPY charts charts
COPY operator operator
COPY dashboard dashboard
COPY test/later-operator test/later-operator
# The operator, or another entry point that a test brings in.
ARG ENTRY=operator/main.ts
RUN mkdir -p /out/operator && node images/bundle.ts $ENTRY /out/operator/main.mjs && rm /out/operator/*.map && \
    node images/web-page.ts dashboard/client/main.tsx /out/operator/dashboard

FROM scratch
COPY --from=node /runtime /
COPY --from=build /out /
WORKDIR /operator
USER 1001:1001
# glibc gives each thread a heap of its own, and none is returned: with one for all of them that is 20 MiB less.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
# No HEALTHCHECK: only Kubernetes runs this image, and it probes the operator over HTTP.
# The heap grows by a fifth of what lives at most, so that it stays near what it must be; young objects get room enough that most
# of them die there. --optimize-for-size keeps it smaller by a tenth and spends ten times as long on collecting it.
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=2", "--heap-growing-percent=20", "/operator/main.mjs"]
ARG VERSION=dev
LABEL org.opencontainers.image.title="cryptosense-operator" \
      org.opencontainers.image.description="Keeps CryptoSense environments running and changes them safely" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
