import * as assert from 'uvu/assert';
import { undoScript } from '../../../local/firewall.ts';
import { isEmptyTable } from '../../../local/host-restore.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('firewall');

const docker = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i br-0123456789ab ! -o br-0123456789ab -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 6443 -j MASQUERADE
-A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE
COMMIT
`;

test('a firewall that Docker never touched is left alone', () => {
  assert.is(undoScript('', '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i tun0 -j ACCEPT\nCOMMIT\n'), '');
});

test("Docker's rules and chains go, and so does the policy that it set", () => {
  assert.equal(undoScript('', docker).split('\n'), [
    '*filter',
    '-P FORWARD ACCEPT',
    '-D FORWARD -j DOCKER-USER',
    '-D FORWARD -o docker0 -j DOCKER',
    '-D FORWARD -i br-0123456789ab ! -o br-0123456789ab -j ACCEPT',
    '-F DOCKER',
    '-F DOCKER-USER',
    '-X DOCKER',
    '-X DOCKER-USER',
    'COMMIT',
    '*nat',
    '-D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
    '-D POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 6443 -j MASQUERADE',
    '-F DOCKER',
    '-X DOCKER',
    'COMMIT',
    '',
  ]);
});

test('rules that were there before, or that others added, stay', () => {
  const script = undoScript('', docker);
  assert.not.match(script, 'dport 22');
  assert.not.match(script, '10.8.0.0');
  assert.is(undoScript(docker, docker), '');
});

test('an nft table with one rule is not empty', () => {
  const chain = 'chain FORWARD {\n\t\ttype filter hook forward priority filter; policy accept;\n';
  assert.ok(isEmptyTable(`table ip filter {\n\t${chain}\t}\n}`));
  assert.not(isEmptyTable(`table ip filter {\n\t${chain}\t\tcounter packets 0 bytes 0 accept\n\t}\n}`));
});

test.run();
