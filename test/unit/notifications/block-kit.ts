/**
 * What Slack's reference says of the parts that a message may have (docs.slack.dev: Block Kit's blocks and block elements,
 * composition objects, formatting of message text). Every sentence is one that breaks it.
 */
export function violations(payload: unknown): string[] {
  const found: string[] = [];
  const message = payload as { text?: unknown; blocks?: unknown };
  const text = (where: string, value: unknown, most: number) => {
    if (typeof value !== 'string' || value.length < 1) found.push(`${where} has no text`);
    else if (value.length > most) found.push(`${where} has ${value.length} characters of ${most}`);
  };
  const object = (where: string, value: unknown, most: number, types: string[]) => {
    const { type, text: inner, ...rest } = (value ?? {}) as Record<string, unknown>;
    if (!types.includes(String(type))) found.push(`${where} is ${type} and not ${types}`);
    const known = type === 'plain_text' ? ['emoji'] : ['verbatim'];
    for (const field of Object.keys(rest))
      if (!known.includes(field)) found.push(`${where}.${field} is unknown`);
    text(where, inner, most);
    if (type === 'mrkdwn') {
      // An ampersand begins one of the three escapes, and brackets would be a mention, a link or a command.
      if (/&(?!(amp|lt|gt);)/.test(String(inner))) found.push(`${where} has a bare &`);
      if (/[<>]/.test(String(inner))) found.push(`${where} has a bare bracket`);
    }
  };
  text('text', message.text, 40_000);
  const blocks = (message.blocks ?? []) as Record<string, unknown>[];
  if (blocks.length < 1 || blocks.length > 50) found.push(`${blocks.length} blocks`);
  for (const [i, block] of blocks.entries()) {
    const where = `blocks[${i}] (${block.type})`;
    if (block.type === 'header') object(where, block.text, 150, ['plain_text']);
    else if (block.type === 'section') {
      if (!block.text && !block.fields) found.push(`${where} has neither text nor fields`);
      if (block.text) object(where, block.text, 3_000, ['plain_text', 'mrkdwn']);
      const fields = (block.fields ?? [null]) as unknown[];
      if (fields.length > 10) found.push(`${where} has ${fields.length} fields`);
      if (block.fields) for (const field of fields) object(where, field, 2_000, ['plain_text', 'mrkdwn']);
    } else if (block.type === 'context') {
      const elements = block.elements as unknown[];
      if (elements.length < 1 || elements.length > 10) found.push(`${where} has ${elements.length} elements`);
      for (const element of elements) object(where, element, 2_000, ['plain_text', 'mrkdwn']);
    } else if (block.type === 'actions') {
      const elements = block.elements as Record<string, unknown>[];
      if (elements.length < 1 || elements.length > 25) found.push(`${where} has ${elements.length} elements`);
      const ids = elements.map(({ action_id }) => action_id);
      if (new Set(ids).size !== ids.length) found.push(`${where} has an action_id twice`);
      for (const element of elements) {
        if (element.type !== 'button') found.push(`${where} has a ${element.type}`);
        object(`${where} button`, element.text, 75, ['plain_text']);
        text(`${where} action_id`, element.action_id, 255);
        text(`${where} url`, element.url, 3_000);
      }
    } else found.push(`${where} is no block of a message that we make`);
  }
  return found;
}
