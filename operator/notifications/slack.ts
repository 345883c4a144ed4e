import type { Environment } from '../api/resolved.ts';
import type { Notification } from '../api/status.ts';
import { linkOf } from './link.ts';

/**
 * Slack's limits in characters, from its reference of Block Kit (header, section, context and button) and of messages.
 * They count what is sent, so escaped text.
 */
const HEADER = 150;
const TEXT = 3_000;
const FIELD = 2_000;
const URL_LENGTH = 3_000;
/** Of the notification that a phone shows; Slack recommends so much for `text`. */
const SUMMARY = 4_000;

const TITLES: Record<Notification['kind'], string> = {
  start: 'Release started',
  step: 'Release goes on',
  pause: 'Release paused',
  promote: 'Release serves',
  abort: 'Release aborted',
  rollback: 'Release rolled back',
  verdict: 'Analysis',
  migration: 'Migration',
  alert: 'Somebody is needed',
};

/** Body of a Slack incoming webhook. Names and messages are text in it, whatever characters they have. */
export function slackMessage(environment: Environment, message: Notification): object {
  const { name, namespace } = environment.metadata;
  const { kind, severity, reason, release } = message;
  // An alert is also what says that there is none any more.
  const title = kind === 'alert' && severity === 'info' ? 'Nobody is needed any more' : TITLES[kind];
  const header = `${severity === 'warning' ? '\u26a0\ufe0f ' : ''}${title}: ${name}`;
  const text = escaped(message.message, TEXT);
  const link = linkOf(environment, message);
  const fields = [
    `*Environment*\n${escaped(`${namespace}/${name}`, FIELD - 20)}`,
    ...(release
      ? [`*Release*\n${release.number} (${escaped(release.revision, 100)}) ${escaped(release.image, 1_500)}`]
      : []),
  ];
  const facts = `${escaped(reason, 200)} · ${message.at} · ${message.id}`;
  return {
    text: `${escaped(header, HEADER)} - ${text}`.slice(0, SUMMARY),
    // Slack would fetch what it takes for a link in a message of the operator's.
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(header, HEADER) } },
      { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } },
      { type: 'section', fields: fields.map((field) => ({ type: 'mrkdwn', text: field, verbatim: true })) },
      ...(link === undefined || link.length > URL_LENGTH
        ? []
        : [
            {
              type: 'actions',
              elements: [
                {
                  type: 'button',
                  action_id: 'open',
                  text: { type: 'plain_text', text: 'Open' },
                  url: link,
                },
              ],
            },
          ]),
      { type: 'context', elements: [{ type: 'mrkdwn', text: facts, verbatim: true }] },
    ],
  };
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** The three characters that Slack gives a meaning to, escaped; never more than `most` characters, none of them cut in two. */
function escaped(text: string, most: number): string {
  let result = '';
  for (const character of text) {
    const next = ESCAPES[character] ?? character;
    if (result.length + next.length > most - 1) return `${result}…`;
    result += next;
  }
  // Slack takes no empty text.
  return result || '-';
}

function cut(text: string, most: number): string {
  let result = '';
  for (const character of text) {
    if (result.length + character.length > most - 1) return `${result}…`;
    result += character;
  }
  return result;
}
