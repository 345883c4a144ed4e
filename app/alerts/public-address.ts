import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A name that leads to no address of the public internet, or an address that is none. */
export class NotPublic extends Error {
  override name = 'NotPublic';

  constructor() {
    super('the address is not one of the public internet');
  }
}

/**
 * Whether an IP address belongs to the public internet. Not to it belong: loopback, private, link-local (and with it the
 * metadata services of clouds), shared, multicast and reserved ranges, and IPv6 addresses that carry an IPv4 one.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address in IPv6 notation (::ffff:10.0.0.1) counts as what it is.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(ipaddr.IPv6.parse('2000::'), 3);
}

/**
 * Looks up names for connections, and gives only addresses that `isAllowed`: the connection goes to what was checked, so
 * that a name which changes its mind in between gains nothing. Fails with NotPublic when one of the addresses is not.
 */
export function checkedLookup(
  isAllowed: (address: string) => boolean,
  lookUp: typeof lookup = lookup,
): LookupFunction {
  return (hostname, options, callback) => {
    // The dot at the end keeps the resolver from trying the cluster's own domains.
    const absolute = hostname.endsWith('.') ? hostname : `${hostname}.`;
    lookUp(absolute, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isAllowed(address)))
        return callback(new NotPublic(), '');
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
