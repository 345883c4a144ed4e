// npm run bench [-- <name>]: measures a part of the project; without a name, says what can be measured.

/** What each benchmark answers. A measure function comes beside its question when the benchmark is written. */
const BENCHES: Record<string, string> = {
  operator: 'how many environments one operator keeps, at what cost in memory and requests',
  rollout: 'what a canary costs the requests that go through it, beside Argo Rollouts',
  api: 'requests a second and latency of one API pod, with the cache warm and cold',
  data: 'how fast prices are written and read at a year of history',
};

function main(): void {
  const name = process.argv[2];
  if (name === undefined) {
    for (const [bench, question] of Object.entries(BENCHES))
      console.log(`${bench.padEnd(10)} not measured yet: ${question}`);
    return;
  }
  const names = Object.keys(BENCHES).join(', ');
  console.error(
    name in BENCHES
      ? `The benchmark "${name}" is not written yet, so nothing was measured.`
      : `There is no benchmark "${name}": say one of ${names}.`,
  );
  process.exitCode = 1;
}

main();
