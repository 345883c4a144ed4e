import type { BackupView, EventView, Related, RestoreView } from '../../operator/dashboard/shapes.ts';
import { ago, bytes, spoken } from './format.ts';
import { List, Panel, SIGN } from './panel.tsx';

export function Backups({ list, now }: { list: Related<BackupView> | undefined; now: number }) {
  return (
    <Panel title="Backups">
      <List list={list} empty="There is no backup yet.">
        {(items) => (
          <ul class="items">
            {items.slice(0, 8).map((backup) => (
              <li key={backup.name} class={`item ${backupTone(backup)}`}>
                <span class="sign" aria-hidden="true">
                  {SIGN[backupTone(backup)]}
                </span>
                <div>
                  <b>{backupWord(backup)}</b>
                  <span class="hint">
                    {' '}
                    {backup.type}
                    {backup.at ? `, ${ago(backup.at, now)}` : ''}
                    {backup.sizeBytes === undefined ? '' : `, ${bytes(backup.sizeBytes)}`}
                  </span>
                  <p class="image">{backup.name}</p>
                  {backupTone(backup) === 'good' ? null : <p>{backup.message}</p>}
                </div>
              </li>
            ))}
          </ul>
        )}
      </List>
    </Panel>
  );
}

function backupTone({ completed, verified }: BackupView): 'good' | 'bad' | 'note' | 'plain' {
  if (completed === 'False' || verified === 'False') return 'bad';
  if (completed !== 'True') return 'plain';
  return verified === 'True' ? 'good' : 'note';
}

function backupWord(backup: BackupView): string {
  const { completed, verified } = backup;
  if (completed === 'False') return 'Failed';
  if (completed !== 'True') return 'Under way';
  if (verified === 'True') return 'Verified';
  return verified === 'False' ? 'Cannot be restored' : 'Complete, not verified yet';
}

export function Drills({ list, now }: { list: Related<RestoreView> | undefined; now: number }) {
  return (
    <Panel title="Drills and restores">
      <List list={list} empty="None has been made yet.">
        {(items) => (
          <ul class="items">
            {items.slice(0, 8).map((restore) => {
              const tone =
                restore.completed === 'True' ? 'good' : restore.completed === 'False' ? 'bad' : 'plain';
              return (
                <li key={restore.name} class={`item ${tone}`}>
                  <span class="sign" aria-hidden="true">
                    {SIGN[tone]}
                  </span>
                  <div>
                    <b>{restore.mode === 'drill' ? 'Drill' : 'Restore in place'}</b>
                    <span class="hint">
                      {restore.at ? ` ${ago(restore.at, now)}` : ''}
                      {restore.rtoSeconds === undefined
                        ? ''
                        : `, answered after ${spoken(restore.rtoSeconds)}`}
                      {restore.rpoSeconds === undefined ? '' : `, ${spoken(restore.rpoSeconds)} lost`}
                    </span>
                    <p class="image">{restore.name}</p>
                    {restore.message ? <p>{restore.message}</p> : null}
                  </div>
                </li>
              );
            })}
          </ul>
        )}
      </List>
    </Panel>
  );
}

export function Events({ list, now }: { list: Related<EventView> | undefined; now: number }) {
  return (
    <Panel title="Events">
      <List list={list} empty="There is none; the cluster keeps them for an hour.">
        {(items) => (
          <ul class="items">
            {items.slice(0, 20).map(({ id, type, reason, message, at, count }) => (
              <li key={id} class={`item ${type === 'Warning' ? 'note' : 'plain'}`}>
                <span class="sign" aria-hidden="true">
                  {type === 'Warning' ? '!' : '·'}
                </span>
                <div>
                  <b>{reason}</b>
                  <span class="hint">
                    {' '}
                    {ago(at, now)}
                    {count > 1 ? `, ${count} times` : ''}
                  </span>
                  <p>{message}</p>
                </div>
              </li>
            ))}
          </ul>
        )}
      </List>
    </Panel>
  );
}
