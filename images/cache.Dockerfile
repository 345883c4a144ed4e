# cryptosense-cache: Redis and what makes a group of it: redis-server, redis-cli, the libraries they are linked with, two
# scripts and the few programs that these need.
#   docker build -f images/cache.Dockerfile -t cryptosense-cache:dev images
FROM debian:bookworm-slim AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server
COPY runtime/collect.sh /usr/local/bin/
RUN collect.sh /runtime /usr/bin/redis-server /usr/bin/redis-cli /bin/sh /bin/cat /bin/mv /bin/sleep /usr/bin/stat /usr/bin/timeout && \
    mkdir -p /runtime/data && chown 1001:1001 /runtime/data
COPY cache/group.sh /runtime/usr/local/lib/cryptosense/
COPY cache/member.sh /runtime/usr/local/bin/cache-member
COPY cache/sentinel.sh /runtime/usr/local/bin/cache-sentinel

FROM scratch
COPY --from=build /runtime /
ENV PATH=/usr/local/bin:/usr/bin:/bin
WORKDIR /data
USER 1001:1001
EXPOSE 6379 26379
# redis-cli exits 0 as soon as the server answers at all, with PONG or with NOAUTH.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/bin/redis-cli", "ping"]
ENTRYPOINT ["/usr/bin/redis-server"]
LABEL org.opencontainers.image.title="cryptosense-cache" \
      org.opencontainers.image.description="Redis, configured by its arguments, alone or in a group with Sentinels" \
      org.opencontainers.image.licenses="Apache-2.0"
