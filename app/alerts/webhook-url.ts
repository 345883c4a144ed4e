import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** Which webhooks are accepted. `any` is for tests and a developer's own machine. */
export type WebhookTargets = 'public' | 'any';

const INTERNAL =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|svc|cluster|test|invalid|arpa|onion)\.?$/i;
const LONGEST = 2_000;

/** What is wrong with a webhook's URL, as the rest of a sentence; undefined when nothing is. Looks nothing up. */
export function mistakeInWebhookUrl(text: string, targets: WebhookTargets): string | undefined {
  const url = URL.canParse(text) && text.length <= LONGEST ? new URL(text) : undefined;
  if (!url) return 'must be an https URL, such as https://example.com/hooks/prices';
  if (url.username !== '' || url.password !== '') return 'must not have a user name or a password in it';
  if (targets === 'any') {
    return url.protocol === 'https:' || url.protocol === 'http:' ? undefined : 'must be an http or https URL';
  }
  if (url.protocol !== 'https:') return 'must be an https URL';
  // The cluster lets the application go out to this port alone.
  if (url.port !== '') return 'must not have a port; 443 is used';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLiteral = isIP(host) !== 0;
  const isInternal = isLiteral ? !isPublicAddress(host) : !host.includes('.') || INTERNAL.test(host);
  return isInternal ? 'must lead to a host of the public internet' : undefined;
}
