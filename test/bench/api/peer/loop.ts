/** Does `work` over and over for `seconds`, so many at a time, and prints how often a second. Once before, without counting. */
export async function loop(
  concurrency: number,
  seconds: number,
  work: () => Promise<unknown>,
): Promise<void> {
  await work();
  const start = performance.now();
  const end = start + seconds * 1_000;
  let count = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < end) {
        await work();
        count += 1;
      }
    }),
  );
  console.log(JSON.stringify({ rps: count / ((performance.now() - start) / 1_000) }));
}
