import type { ComponentChildren, JSX } from 'preact';
import type { Related } from '../../operator/dashboard/shapes.ts';

/** Before an item: whether it is well; in words for those who do not see it. */
export const SIGN = { good: '✓', bad: '✕', note: '!', plain: '·' };
export const SIGN_WORDS = { good: 'well', bad: 'not well', note: 'worth a look', plain: '' };

/** A card with a heading. */
export function Panel({
  title,
  hint,
  children,
}: {
  title: string;
  hint?: string | undefined;
  children: ComponentChildren;
}) {
  const id = `panel-${title.toLowerCase().replaceAll(/\W+/g, '-')}`;
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h3 id={id}>{title}</h3>
        {hint ? <p class="hint">{hint}</p> : null}
      </div>
      {children}
    </section>
  );
}

/** Items of a list that comes with the viewer's own rights: loading, refused, empty, or there. */
export function List<T>({
  list,
  empty,
  children,
}: {
  list: Related<T> | undefined;
  empty: string;
  children: (items: T[]) => JSX.Element;
}) {
  if (list === undefined) return <p class="hint">Loading</p>;
  if ('refused' in list) return <p class="hint">{list.refused}</p>;
  if (list.items.length === 0) return <p class="hint">{empty}</p>;
  return children(list.items);
}
