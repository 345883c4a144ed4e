# cryptosense-pooler: PgBouncer, what tells it of changed files, and the libraries they are linked with.
#   docker build -f images/pooler.Dockerfile -t cryptosense-pooler:dev images
#
# PgBouncer comes from the next Debian release: 1.18, which bookworm has, ends with "bad client state" when a client goes
# away while its cancel request is on the way. Its libraries are copied with it, so that the base does not matter.
FROM debian:bookworm-slim AS build
RUN find /etc/apt -name '*.list' -o -name '*.sources' | xargs sed -i 's/bookworm/trixie/g' && \
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends pgbouncer
COPY runtime/collect.sh /usr/local/bin/
# The mount points exist, so that the root file system can be read-only.
RUN collect.sh /runtime /usr/sbin/pgbouncer /bin/sh /bin/sleep /usr/bin/sha256sum && \
    mkdir -p /runtime/etc/pgbouncer /runtime/var/run/postgresql && \
    chown 1001:1001 /runtime/var/run/postgresql

COPY pooler/pooler.sh /runtime/usr/local/bin/pooler.sh

FROM scratch
COPY --from=build /runtime /
ENV PATH=/usr/local/bin:/usr/bin:/bin
USER 1001:1001
EXPOSE 6432
# To PgBouncer SIGINT means: let the running transactions end, then stop. SIGTERM would cut them off.
STOPSIGNAL SIGINT
# Without a logfile in its configuration PgBouncer logs to standard error.
ENTRYPOINT ["/usr/local/bin/pooler.sh"]
CMD ["/etc/pgbouncer/pgbouncer.ini"]
LABEL org.opencontainers.image.title="cryptosense-pooler" \
      org.opencontainers.image.description="PgBouncer, configured by mounts under /etc/pgbouncer" \
      org.opencontainers.image.licenses="Apache-2.0"
