import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { kindStep } from '../../../local/kind.ts';
import { gatewayPort, withGatewayPort } from '../../../local/kind-config.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('kind config');
const committed = await readFile(join(import.meta.dirname, '../../../kind-config.yaml'), 'utf8');

test('the committed configuration gives the gateway port 8080', () => {
  assert.is(gatewayPort(committed), 8080);
});

test('only the port changes when it is rewritten', () => {
  const before = parse(committed);
  const after = parse(withGatewayPort(committed, 12345));
  assert.is(after.nodes[0].extraPortMappings[0].hostPort, 12345);
  after.nodes[0].extraPortMappings[0].hostPort = 8080;
  assert.equal(after, before);
});

test('other port mappings stay as they are written', () => {
  const text =
    'nodes: [{extraPortMappings: [{containerPort: 443, hostPort: 8443}, {containerPort: 80, hostPort: 1}]}]';
  const mappings = parse(withGatewayPort(text, 2)).nodes[0].extraPortMappings;
  assert.equal(mappings, [
    { containerPort: 443, hostPort: 8443 },
    { containerPort: 80, hostPort: 2 },
  ]);
});

test('a configuration without a port for the gateway is refused in a sentence that names the file', () => {
  assert.throws(
    () => withGatewayPort('nodes: [{role: control-plane}]', 1),
    /kind-config\.yaml .* extraPortMappings/,
  );
});

test("kind's ornaments and its advice are not passed on", () => {
  assert.is(kindStep(' • Installing CNI 🔌  ...'), 'Installing CNI');
  assert.is(kindStep(' ✓ Installing CNI 🔌'), undefined);
  assert.is(kindStep('You can now use your cluster with:'), undefined);
});

test.run();
