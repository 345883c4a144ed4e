# cryptosense-database: PostgreSQL 15 with contrib, Patroni, pgBackRest and, where it can be had, TimescaleDB.
# The context is the repository after `npm ci`:
#   docker build -f images/database.Dockerfile -t cryptosense-database:dev .

# The program that takes backups, in one file, and Node.
FROM debian:bookworm-slim AS program
COPY images/runtime/collect.sh /usr/local/bin/
COPY node_modules/node-linux-*/bin/node /usr/bin/node
RUN collect.sh /runtime /usr/bin/node
WORKDIR /src
COPY node_modules node_modules
COPY package.json ./
COPY images/bundle.ts images/
COPY operator/api operator/api
COPY operator/backup operator/backup
COPY operator/restore operator/restore
COPY backup backup
RUN mkdir -p /out && node images/bundle.ts backup/main.ts /out/backup.mjs && rm /out/*.map

FROM debian:bookworm-slim AS build

# TimescaleDB is in none of Debian's own sources. Sources and keys laid into images/database/apt are used;
# with TIMESCALEDB=required the build fails when they do not have it, instead of going on without.
COPY images/database/apt/ /etc/apt/sources.list.d/
ARG TIMESCALEDB=if-available

# The account exists first, with the one uid of all the project's images: the package would take a random one.
RUN groupadd -g 1001 postgres && useradd -u 1001 -g postgres -d /var/lib/postgresql -s /bin/bash postgres
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && \
    apt-get install -y --no-install-recommends \
      ca-certificates curl libstdc++6 patroni pgbackrest postgresql-15 && \
    timescaledb=$(apt-cache policy timescaledb-2-postgresql-15 | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }') && \
    if [ -n "$timescaledb" ]; then apt-get install -y --no-install-recommends timescaledb-2-postgresql-15; \
    elif [ "$TIMESCALEDB" = required ]; then echo "No apt source has timescaledb-2-postgresql-15: add one to images/database/apt." >&2; exit 1; fi && \
    mkdir -p /etc/cryptosense/postgresql.d && echo "${timescaledb:-absent}" > /etc/cryptosense/timescaledb

# Patroni looks once a second, and once waits two, for what is over in tenths of a second: docs/adr/0030. Another version than
# the patch is for fails the build.
COPY images/database/patroni.patch /tmp/
RUN apt-get install -y --no-install-recommends patch && \
    patch --directory=/usr/lib/python3/dist-packages --strip=1 --fuzz=0 < /tmp/patroni.patch && \
    apt-get purge -y patch && rm /tmp/patroni.patch

# What a running database never reads: the JIT compiler and LLVM (a third of the whole), manuals, package lists,
# the cluster that the package made, Debian's Perl wrappers around the programs (their own folder is first in PATH).
# Python is compiled beforehand: at a start nothing can be kept, and Patroni would take a second longer every time.
RUN rm -rf /usr/lib/postgresql/15/lib/bitcode /usr/lib/postgresql/15/lib/llvmjit* /usr/lib/*/libLLVM* /usr/lib/*/libz3* \
      /usr/share/doc /usr/share/man /usr/share/locale /usr/share/perl /usr/share/perl5 /usr/lib/*/perl \
      /usr/share/postgresql/15/man /usr/share/fonts /usr/lib/python3/dist-packages/*/tests \
      /var/lib/apt/lists /var/cache/apt /var/cache/debconf /var/lib/postgresql /var/log/* /etc/apt/sources.list.d && \
    find / -xdev -name __pycache__ -prune -exec rm -rf {} + && \
    python3 -m compileall -q /usr/lib/python3/dist-packages /usr/lib/python3.11 && \
    mkdir -p /var/lib/postgresql/data /var/run/postgresql /etc/apt/sources.list.d && \
    chown 1001:1001 /var/lib/postgresql/data /var/run/postgresql

COPY images/database/*.sh /usr/local/bin/
COPY images/database/member/ /usr/local/lib/cryptosense/member/
COPY images/database/postgresql.conf images/database/pg_hba.conf /etc/cryptosense/
COPY --from=program /usr/bin/node /usr/bin/node
COPY --from=program /out/ /usr/local/lib/cryptosense/

# One layer without what was removed above.
FROM scratch
COPY --from=build / /
USER 1001:1001
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PGDATA=/var/lib/postgresql/data/pgdata
EXPOSE 5432 8008
# To PostgreSQL SIGINT means: end the sessions and stop cleanly. SIGTERM would wait for clients that never leave.
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["pg_isready", "-q", "-h", "/var/run/postgresql"]
ENTRYPOINT ["entrypoint.sh"]
ARG TIMESCALEDB=if-available
# "if-available": the file /etc/cryptosense/timescaledb holds the version or "absent", and every start says which.
LABEL org.opencontainers.image.title="cryptosense-database" \
      org.opencontainers.image.description="PostgreSQL 15, Patroni, pgBackRest" \
      org.opencontainers.image.licenses="Apache-2.0" \
      io.cryptosense.timescaledb="$TIMESCALEDB"
