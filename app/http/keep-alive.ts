// The end of a keep-alive connection is the proxy's to decide: if this side closed first, a request that is already on
// its way would meet a closed door. Traefik keeps idle connections for 90 s, nginx for 60 s.
export const KEEP_ALIVE_MS = 95_000;

/** What Node says of a connection that it keeps, in each answer. */
export const keepAliveHeaders = [
  'Connection',
  'keep-alive',
  'Keep-Alive',
  `timeout=${KEEP_ALIVE_MS / 1_000}`,
];
