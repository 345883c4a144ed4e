import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Hosts that may be told; undefined is every host but this machine's own and the link's (where clouds keep their metadata). */
export type AllowedHosts = readonly string[] | undefined;

const OWN = new BlockList();
for (const [network, bits, family] of [
  ['0.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fd00:ec2::', 32, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const)
  OWN.addSubnet(network, bits, family);

/** The problem with a URL, as a sentence that does not have the URL in it; undefined when messages may go there. */
export function problemOf(text: string, allowed: AllowedHosts): string | undefined {
  const url = URL.parse(text.trim());
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'has no URL that begins with https:// or http://';
  const host = hostOf(url);
  if (allowed && !allowed.some((one) => matches(host, one)))
    return 'has the URL of a host that NOTIFICATION_HOSTS of the operator does not name';
  if (!isNamed(host, allowed) && isIP(host) !== 0 && isOwn(host))
    return 'has the URL of an address that no message may go to (this machine, the link, or many at once)';
  return undefined;
}

/** How names of hosts become addresses: never one that is the operator's own or the link's, unless the host is allowed by name. */
export function guardedLookup(allowed: AllowedHosts): LookupFunction {
  return (host, options, callback) => {
    dnsLookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, '', 0);
        return;
      }
      const usable = isNamed(host, allowed) ? addresses : addresses.filter(({ address }) => !isOwn(address));
      const [first] = usable;
      if (!first) callback(Object.assign(new Error('no address is allowed'), { code: 'EBLOCKED' }), '', 0);
      else if (options.all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

/** Named in full: whoever wrote that means this host, wherever it is. */
function isNamed(host: string, allowed: AllowedHosts): boolean {
  return allowed?.includes(host) ?? false;
}

function matches(host: string, allowed: string): boolean {
  return allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) : host === allowed;
}

function isOwn(address: string): boolean {
  // BlockList finds IPv4 addresses that are written as IPv6 by itself.
  return OWN.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
