# cryptosense-exporters: what turns the figures of PostgreSQL, PgBouncer and Redis into metrics, beside each of them.
#   docker build -f images/exporters.Dockerfile -t cryptosense-exporters:dev images
#
# From the next Debian release, as PgBouncer is: those of bookworm are years old, and its exporter of PgBouncer is another program.
FROM debian:bookworm-slim AS build
RUN find /etc/apt -name '*.list' -o -name '*.sources' | xargs sed -i 's/bookworm/trixie/g' && \
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      prometheus-pgbouncer-exporter prometheus-postgres-exporter prometheus-redis-exporter
COPY runtime/collect.sh /usr/local/bin/
RUN collect.sh /runtime /usr/bin/prometheus-pgbouncer-exporter /usr/bin/prometheus-postgres-exporter \
      /usr/bin/prometheus-redis-exporter /bin/sh /bin/sleep
COPY exporters/exporter.sh /runtime/usr/local/bin/exporter

FROM scratch
COPY --from=build /runtime /
ENV PATH=/usr/local/bin:/usr/bin:/bin
USER 1001:1001
EXPOSE 9121 9127 9187
ENTRYPOINT ["/usr/local/bin/exporter"]
LABEL org.opencontainers.image.title="cryptosense-exporters" \
      org.opencontainers.image.description="Prometheus exporters of PostgreSQL, PgBouncer and Redis" \
      org.opencontainers.image.licenses="Apache-2.0"
