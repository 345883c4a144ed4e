import { equal, is } from 'uvu/assert';
import { figure } from '../../bench/figure.ts';
import { requestsBetween } from '../../bench/operator/audit.ts';
import { between, bucketsOf, quantile, total } from '../../bench/operator/prometheus.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Figures of the benchmarks');

const TEXT = `# HELP h seconds
h_bucket{le="0.01"} 10
h_bucket{le="0.1"} 18
h_bucket{le="+Inf"} 20
h_count 20
reconciles_total{controller="a",result="success"} 3
reconciles_total{controller="a",result="error, \\"odd\\""} 4
reconciles_total_other 100
`;

test('samples of one name are summed over their labels, whatever is in them', () => {
  is(total(TEXT, 'reconciles_total'), 7);
  is(total(TEXT, 'nothing'), 0);
});

test('a quantile is interpolated inside its bucket, and beyond the last bound it is that bound', () => {
  const buckets = bucketsOf(TEXT, 'h');
  is(quantile(buckets, 0.25), 0.005);
  is(Number(quantile(buckets, 0.7).toFixed(4)), 0.055);
  is(quantile(buckets, 0.99), 0.1);
  equal(Number.isNaN(quantile([], 0.5)), true);
});

test('what a histogram had before the measurement does not count', () => {
  const later = TEXT.replace('} 10', '} 11').replace('} 18', '} 19').replace('} 20', '} 21');
  const fresh = between(bucketsOf(TEXT, 'h'), bucketsOf(later, 'h'));
  equal(fresh, [
    [0.01, 1],
    [0.1, 1],
    [Number.POSITIVE_INFINITY, 1],
  ]);
});

test('requests to the lease do not count, and reads are no writes', () => {
  const before = new Map([['ours patch services', 5]]);
  const after = new Map([
    ['ours patch services', 7],
    ['ours update leases', 60],
    ['ours list pods', 1],
    ['ours create events', 2],
  ]);
  const { all, writes } = requestsBetween(before, after);
  equal([all, writes], [5, 4]);
});

test('a ratio needs both figures, and a peer that is not 0', () => {
  const of = (ours?: number, peer?: number) => figure('b', 'm', 's', { ours, peer, peerName: 'p' });
  equal(of(1, 3), { bench: 'b', metric: 'm', unit: 's', ours: 1, peer: 3, peerName: 'p', ratio: 0.3333 });
  equal([of(0, 0).ratio, of(1).ratio, of(1, Number.NaN).peer], [null, null, null]);
  is(of(1.23456, 2).ours, 1.235);
});

test.run();
