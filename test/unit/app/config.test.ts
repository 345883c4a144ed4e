import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  ConfigurationError,
  readMigrationConfig,
  readPredictorConfig,
  readServerConfig,
  type Variables,
} from '../../../app/config.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('configuration of the API');
const folder = mkdtempSync(join(tmpdir(), 'cryptosense-config-'));
test.after(() => rmSync(folder, { recursive: true }));

const right = {
  NODE_ENV: 'production',
  API_BASE_URL: 'https://api.cryptosense.com',
  DATABASE_URL: 'postgresql://api:hunter2@pooler:6432/cryptosense',
  REDIS_URL: 'redis://cache:6379',
};

function mistakesOf(read: () => unknown): ConfigurationError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  return assert.unreachable('no mistake was found') as never;
}
const mistakes = (variables: Variables) => mistakesOf(() => readServerConfig(variables));

test('four variables are enough, and the tier picks the log level', () => {
  const config = readServerConfig(right);
  assert.is(config.port, 3000);
  assert.is(config.logLevel, 'warn');
  assert.is(config.feed.kind, 'coingecko');
  assert.is(readServerConfig({ ...right, NODE_ENV: 'development' }).logLevel, 'debug');
});

test('a recording is read at the start, and what is wrong with it is a mistake among the others', () => {
  const file = join(folder, 'prices.ndjson');
  const line = '{"timestamp":"2026-01-01T00:00:00.000Z","symbol":"BTC","price":"1","volume24h":null}\n';
  writeFileSync(file, line);
  const replay = { ...right, FEED: 'replay', FEED_FILE: file };
  assert.is(readServerConfig({ ...replay, FEED_SPEED: '2.5' }).feed.replay?.speed, 2.5);
  assert.is(readServerConfig(replay).feed.replay?.recording.quotes.length, 1);
  const { DATABASE_URL: _, ...rest } = right;
  const { message } = mistakes({ ...rest, FEED: 'replay' });
  assert.match(message, 'The configuration has 2 mistakes:');
  assert.match(message, 'FEED_FILE: found nothing, expected a file that "record" has written');
  assert.match(mistakes({ ...replay, FEED_FILE: join(folder, 'none') }).message, /cannot be read \(ENOENT\)/);
  assert.match(mistakes({ ...replay, FEED_SPEED: '0' }).message, 'expected a number from 0.01 to 1000');
  writeFileSync(file, `${line}nonsense\n`);
  assert.match(mistakes(replay).message, /FEED_FILE: found the file .*, in which line 2 is no JSON/);
});

test('an empty variable counts as one that is not set', () => {
  assert.is(readServerConfig({ ...right, PORT: '', LOG_LEVEL: '' }).port, 3000);
});

test('every mistake is in the one message, with what was found and what is expected', () => {
  const { message } = mistakes({ NODE_ENV: 'prod', PORT: '99999', REDIS_URL: 'http://cache', FEED: 'guess' });
  assert.match(message, 'The configuration has 6 mistakes:');
  assert.match(message, 'NODE_ENV: found "prod", expected development, staging, production');
  assert.match(message, 'PORT: found "99999", expected a whole number from 0 to 65535');
  assert.match(message, 'API_BASE_URL: found nothing, expected an http or https URL');
  assert.match(message, 'FEED: found "guess", expected coingecko, simulator, replay');
  assert.match(message, 'DATABASE_URL: found nothing, expected postgresql://');
  assert.match(message, 'REDIS_URL: found a URL with the scheme "http:", expected redis://');
});

test('a password in a wrong URL is never printed', () => {
  const { message } = mistakes({
    ...right,
    DATABASE_URL: 'mysql://api:hunter2@pooler/x',
    REDIS_URL: 'redis//:hunter2@cache',
  });
  assert.match(message, 'DATABASE_URL');
  assert.match(message, 'REDIS_URL');
  assert.not.match(message, 'hunter2');
});

test('a URL in a file is read again each time, so that a rotated password is seen', () => {
  const file = join(folder, 'database-url');
  writeFileSync(file, 'postgresql://api:old@pooler/cryptosense\n');
  const { DATABASE_URL: _, ...others } = right;
  const { url } = readServerConfig({ ...others, DATABASE_URL_FILE: file }).database;
  assert.is(url.read().password, 'old');
  writeFileSync(file, 'postgresql://api:new@pooler/cryptosense\n');
  assert.is(url.read().password, 'new');
});

test('a file that is missing, and a value given twice, are named', () => {
  const { DATABASE_URL: _, ...others } = right;
  assert.match(
    mistakes({ ...others, DATABASE_URL_FILE: join(folder, 'none') }).message,
    /DATABASE_URL_FILE: found the file .*none, which cannot be read \(ENOENT\)/,
  );
  assert.match(
    mistakes({ ...right, DATABASE_URL_FILE: join(folder, 'none') }).message,
    'expected one of the two',
  );
});

test('a migration asks for the direct URL and for nothing of the server', () => {
  const error = mistakesOf(() => readMigrationConfig({ ...right, PORT: 'no' }));
  assert.equal(error.mistakes.length, 1);
  assert.match(error.message, 'MIGRATION_DATABASE_URL: found nothing');
});

test('the predictor needs a database alone, and the API knows a predictor only when it is told of one', () => {
  const { NODE_ENV, DATABASE_URL } = right;
  const config = readPredictorConfig({ NODE_ENV, DATABASE_URL });
  assert.is(config.port, 3000);
  assert.is(config.database.poolSize, 2);
  const { message } = mistakesOf(() => readPredictorConfig({ NODE_ENV: 'prod', DATABASE_POOL_SIZE: '0' }));
  assert.match(message, 'The configuration has 3 mistakes:');
  assert.is(readServerConfig(right).predictorUrl, undefined);
  assert.is(readServerConfig({ ...right, PREDICTOR_URL: 'http://p/' }).predictorUrl, 'http://p');
  assert.match(mistakes({ ...right, PREDICTOR_URL: 'p:3000' }).message, 'PREDICTOR_URL: found "p:3000"');
});

test.run();
