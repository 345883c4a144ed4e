import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * Memory and CPU of this process, under the names that every Prometheus client has. Not prom-client's whole set: its look at the
 * event loop wakes an idle process a hundred times a second.
 */
export function processGauges(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({ name: 'process_start_time_seconds', help: 'When the process began.', registers }).set(
    Math.round(Date.now() / 1000 - process.uptime()),
  );
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time, of user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}
