// 100,000 random histories of releases in place of the 5,000 that `npm test` does. docs/soak.md keeps what came of it.
process.env.HISTORIES ??= '100000';
await import('../unit/rollout/histories.test.ts');
