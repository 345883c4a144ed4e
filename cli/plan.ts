// npm run plan: `kubectl cryptosense plan` under the name that it had before there was a plug-in.
process.argv.splice(2, 0, 'plan');
await import('./main.ts');
