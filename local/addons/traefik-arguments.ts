/** The port that the Gateway's listener has; Traefik matches listeners with entry points by this number. */
export const httpPort = 80;
export const probePort = 8080;
export const metricsPort = 9100;

/** Traefik's start arguments. Each line that is not the obvious one says what it is for. */
export const traefikArguments: readonly string[] = [
  '--global.checknewversion=false',
  '--global.sendanonymoususage=false',
  '--log.level=INFO',
  `--entrypoints.web.address=:${httpPort}`,
  `--entrypoints.traefik.address=:${probePort}`,
  `--entrypoints.metrics.address=:${metricsPort}`,
  '--ping=true',
  '--metrics.prometheus=true',
  '--metrics.prometheus.entrypoint=metrics',
  '--providers.kubernetesgateway=true',
  // The default of 2 s would hold back every change of a weight, and of a pod's readiness, by as much.
  '--providers.providersthrottleduration=100ms',
  // Traefik talks to the pods themselves (no --…nativelbbydefault): behind a ClusterIP a kept connection would
  // stay with its pod after the pod left the Service, and weights would be of connections, not of requests.
  '--serverstransport.maxidleconnsperhost=256',
  // Shorter than the 5 s after which Node closes an idle connection: who closes first decides whether a request can
  // run into a closed socket. Go repeats only idempotent requests by itself, so a POST would be lost.
  '--serverstransport.forwardingtimeouts.idleconntimeout=3s',
  '--serverstransport.forwardingtimeouts.dialtimeout=2s',
  // When Traefik itself is replaced: go on accepting until the endpoint is gone, then let requests end.
  '--entrypoints.web.transport.lifecycle.requestacceptgracetimeout=5s',
  '--entrypoints.web.transport.lifecycle.gracetimeout=10s',
];
