import type { Dashboard, Panel } from './dashboard.ts';
import { DATABASES } from './database.ts';
import { GOLDEN_SIGNALS } from './golden-signals.ts';
import { OPERATOR } from './operator.ts';
import { RELEASES } from './releases.ts';

export const DASHBOARDS: readonly Dashboard[] = [GOLDEN_SIGNALS, RELEASES, DATABASES, OPERATOR];

/** Grafana's grid has 24 columns. */
const COLUMNS = 24;
const HEIGHT = { timeseries: 8, stat: 4 };

/** Version of the form of dashboards that Grafana 10 and later read, and newer ones bring up to date themselves. */
const SCHEMA_VERSION = 39;

const SOURCE = { type: 'prometheus', uid: '$datasource' };

/** A dashboard as Grafana imports it. */
export function grafanaDashboard(dashboard: Dashboard): object {
  return {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.description,
    tags: ['cryptosense'],
    schemaVersion: SCHEMA_VERSION,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: { list: variables(dashboard) },
    panels: panels(dashboard),
  };
}

function variables({ about }: Dashboard): object[] {
  const source = { type: 'datasource', name: 'datasource', label: 'Prometheus', query: 'prometheus' };
  if (about === 'operator') return [source];
  const chosen = (name: string, query: string) => ({
    type: 'query',
    name,
    label: name,
    datasource: SOURCE,
    query: { query, refId: name },
    // When the time range changes: environments come and go.
    refresh: 2,
    sort: 1,
  });
  return [
    source,
    chosen('namespace', 'label_values(cryptosense_environment_info, namespace)'),
    chosen('environment', 'label_values(cryptosense_environment_info{namespace="$namespace"}, environment)'),
  ];
}

/** Rows one below the other, the panels of each side by side, at most four. */
function panels({ rows }: Dashboard): object[] {
  const result: object[] = [];
  let y = 0;
  for (const row of rows) {
    result.push({
      id: result.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y += 1;
    for (let i = 0; i < row.panels.length; i += 4) {
      const line = row.panels.slice(i, i + 4);
      const w = COLUMNS / line.length;
      for (const [at, each] of line.entries()) {
        const gridPos = { x: at * w, y, w, h: HEIGHT[each.kind] };
        result.push({ id: result.length + 1, gridPos, ...panel(each) });
      }
      y += Math.max(...line.map(({ kind }) => HEIGHT[kind]));
    }
  }
  return result;
}

function panel({ title, description, kind, unit, queries, limit }: Panel): object {
  const steps = [
    { color: 'green', value: null },
    ...(limit === undefined ? [] : [{ color: 'red', value: limit }]),
  ];
  return {
    type: kind,
    title,
    description,
    datasource: SOURCE,
    fieldConfig: {
      defaults: {
        unit,
        ...(kind === 'timeseries' ? { min: 0 } : {}),
        thresholds: { mode: 'absolute', steps },
        ...(kind === 'timeseries' && limit !== undefined
          ? { custom: { thresholdsStyle: { mode: 'line' } } }
          : {}),
      },
      overrides: [],
    },
    options:
      kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, textMode: 'value_and_name' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
