import type { Detail, MemberView } from '../../operator/dashboard/shapes.ts';
import { bytes } from './format.ts';
import { Panel } from './panel.tsx';

/** The members of the database: who takes the writes, and how far behind the others are. */
export function Members({ members }: Pick<Detail, 'members'>) {
  if (members.length === 0) return null;
  return (
    <Panel title="Database members">
      <table>
        <thead>
          <tr>
            <th scope="col">Member</th>
            <th scope="col">Role</th>
            <th scope="col">PostgreSQL</th>
            <th scope="col" class="number">
              Behind
            </th>
          </tr>
        </thead>
        <tbody>
          {members.map((member) => (
            <tr key={member.name}>
              <th scope="row">{member.name}</th>
              <td>{member.role ?? 'not known'}</td>
              <td class={member.state === 'running' && member.ready ? '' : 'bad'}>{stateOf(member)}</td>
              <td class={`number ${member.lagBytes ? 'bad' : ''}`}>{lagOf(member)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function stateOf({ state, ready, timeline }: MemberView): string {
  const at = timeline === undefined ? '' : `, timeline ${timeline}`;
  return `${state}${state === 'running' && !ready ? ', not ready' : ''}${at}`;
}

function lagOf({ role, lagBytes }: MemberView): string {
  if (lagBytes === undefined) return role === 'replica' ? 'not known' : '';
  return lagBytes === 0 ? 'in step' : `at least ${bytes(lagBytes)}`;
}
