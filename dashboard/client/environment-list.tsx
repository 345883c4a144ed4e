import { Component } from 'preact';
import type { Row } from '../../operator/dashboard/shapes.ts';
import { shortImage } from './format.ts';
import { GROUPS, type Group, STATES } from './states.ts';

/** env-9 before env-10. */
const byName = new Intl.Collator('en', { numeric: true });

interface ListProps {
  rows: ReadonlyMap<string, Row>;
  text: string;
  group: Group | undefined;
  openKey: string | undefined;
  refused: string | undefined;
  isLoading: boolean;
  onText(text: string): void;
  onGroup(group: Group | undefined): void;
}

/** The environments that one may see, by namespace and name, so that none jumps when its state changes. */
export function EnvironmentList(props: ListProps) {
  const { rows, text, group, openKey, refused, isLoading } = props;
  const all = [...rows.values()].sort((a, b) => byName.compare(a.key, b.key));
  const wanted = text.trim().toLowerCase();
  const shown = all.filter(
    (row) =>
      (group === undefined || STATES[row.state].group === group) &&
      (wanted === '' || `${row.key} ${row.tier} ${row.image ?? ''}`.toLowerCase().includes(wanted)),
  );
  return (
    <nav class="list" aria-label="Environments">
      <fieldset class="groups">
        <legend class="unseen">Show</legend>
        <GroupButton all={all} group={undefined} chosen={group} onGroup={props.onGroup} />
        {(Object.keys(GROUPS) as Group[]).map((one) => (
          <GroupButton key={one} all={all} group={one} chosen={group} onGroup={props.onGroup} />
        ))}
      </fieldset>
      <input
        type="search"
        id="filter"
        aria-label="Filter by name, namespace, tier or image"
        placeholder="Filter"
        value={text}
        onInput={(event) => props.onText(event.currentTarget.value)}
      />
      {refused ? <p class="notice">{refused}</p> : null}
      {isLoading ? <p class="hint">Loading</p> : null}
      {!isLoading && !refused && shown.length === 0 ? (
        <p class="hint">{all.length === 0 ? 'There is no environment yet.' : 'None is like that.'}</p>
      ) : null}
      <ul class="rows">
        {shown.map((row) => (
          <RowView key={row.key} row={row} isOpen={row.key === openKey} />
        ))}
      </ul>
    </nav>
  );
}

function GroupButton({
  all,
  group,
  chosen,
  onGroup,
}: {
  all: Row[];
  group: Group | undefined;
  chosen: Group | undefined;
  onGroup(group: Group | undefined): void;
}) {
  const count =
    group === undefined ? all.length : all.filter((row) => STATES[row.state].group === group).length;
  return (
    <button
      type="button"
      class={`group ${group ?? 'all'}${count === 0 ? ' none' : ''}`}
      aria-pressed={group === chosen}
      onClick={() => onGroup(group)}
    >
      <strong>{count}</strong> {group === undefined ? 'All' : GROUPS[group]}
    </button>
  );
}

/** Drawn again only when its row is another one: of two hundred, an update concerns a few. */
class RowView extends Component<{ row: Row; isOpen: boolean }> {
  override shouldComponentUpdate(next: { row: Row; isOpen: boolean }): boolean {
    return next.row !== this.props.row || next.isOpen !== this.props.isOpen;
  }

  override render() {
    const { row, isOpen } = this.props;
    const { candidate } = row;
    return (
      <li>
        <a class="row" href={`#/${row.key}`} aria-current={isOpen ? 'page' : undefined}>
          <span class="row-head">
            <span class="name">
              <b>{row.name}</b> <span class="namespace">{row.namespace}</span>
            </span>
            <StateBadge row={row} />
            <span class="tier">{row.tier}</span>
          </span>
          <span class="row-summary">{row.summary}</span>
          <span class="row-foot">
            <span class="image">{row.image ? shortImage(row.image) : 'no release yet'}</span>
            <span>
              {row.readyPods}/{row.pods} pods
            </span>
          </span>
          {candidate ? (
            <span class="share">
              <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="share-all" width="100" height="4" rx="2" />
                <rect class="share-new" width={candidate.weight} height="4" rx="2" />
              </svg>
              <span>
                {candidate.weight} % {shortImage(candidate.image)}
              </span>
            </span>
          ) : null}
        </a>
      </li>
    );
  }
}

export function StateBadge({ row }: { row: Pick<Row, 'state'> }) {
  return (
    <span class={`badge ${row.state}`}>
      <span class="dot" aria-hidden="true" />
      {STATES[row.state].word}
    </span>
  );
}
