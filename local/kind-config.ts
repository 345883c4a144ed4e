import { parse, stringify } from 'yaml';
import { LocalFailure } from './report.ts';

interface PortMapping {
  containerPort?: number;
  hostPort?: number;
}

interface KindConfig {
  nodes?: { extraPortMappings?: PortMapping[] }[];
}

const GATEWAY_PORT = 80;

function gatewayMapping(config: KindConfig): PortMapping {
  const mappings = (config.nodes ?? []).flatMap((node) => node.extraPortMappings ?? []);
  const mapping = mappings.find((candidate) => candidate.containerPort === GATEWAY_PORT);
  if (mapping === undefined) {
    throw new LocalFailure(
      'kind-config.yaml maps no port of the machine to port 80 of a node, where the gateway listens: add one to extraPortMappings.',
    );
  }
  return mapping;
}

/** The port of localhost that a kind configuration gives to the gateway. */
export function gatewayPort(text: string): number {
  return gatewayMapping(parse(text) as KindConfig).hostPort ?? GATEWAY_PORT;
}

/** The same configuration with another port of localhost for the gateway; all else stays as it is written. */
export function withGatewayPort(text: string, port: number): string {
  const config = parse(text) as KindConfig;
  gatewayMapping(config).hostPort = port;
  return stringify(config);
}
