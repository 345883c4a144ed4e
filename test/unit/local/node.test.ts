import * as assert from 'uvu/assert';
import { isAtLeast } from '../../../local/go-toolchain.ts';
import { isNameOf, missingTags } from '../../../local/node/load.ts';
import { versionFlags } from '../../../local/node/versions.ts';
import { hasSysResource } from '../../../local/runc.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('node');

test('containerd finds an image by the short name that Docker uses', () => {
  assert.ok(isNameOf('a.example/library/debian:bookworm-slim', 'debian:bookworm-slim'));
  assert.ok(isNameOf('a.example/cryptosense/api:latest', 'cryptosense/api'));
  assert.ok(isNameOf('b.example:5000/api:1', 'b.example:5000/api:1'));
  assert.not(isNameOf('a.example/library/other-debian:1', 'debian:1'));
  assert.not(isNameOf('a.example/library/debian:1', 'debian:2'));
});

test('an image is loaded again when it was built anew under the same tag', () => {
  const present = 'a.example/library/api:1\n';
  assert.equal(missingTags(new Map([['api:1', 'sha256:new']]), 'api:1 sha256:old\n', present), ['api:1']);
  assert.equal(missingTags(new Map([['api:1', 'sha256:old']]), 'api:1 sha256:old\n', present), []);
});

test('an image that the node threw away is loaded again', () => {
  assert.equal(missingTags(new Map([['api:1', 'sha256:a']]), 'api:1 sha256:a\n', ''), ['api:1']);
});

test("the version flags carry Kubernetes' version for the server and the client", () => {
  const flags = versionFlags('v1.34.4');
  assert.match(flags, '-X k8s.io/component-base/version.gitVersion=v1.34.4');
  assert.match(flags, '-X k8s.io/component-base/version.gitMinor=34');
  assert.match(flags, '-X k8s.io/client-go/pkg/version.gitVersion=v1.34.4');
});

test('CAP_SYS_RESOURCE is seen to be missing from the bounding set', () => {
  assert.not(hasSysResource('CapEff:\t000001ffffffffff\nCapBnd:\t000001fffeffffff\n'));
  assert.ok(hasSysResource('CapBnd:\t000001ffffffffff\n'));
});

test('versions of Go are compared as numbers', () => {
  assert.ok(isAtLeast('1.26.8', '1.26'));
  assert.ok(isAtLeast('1.100.0', '1.26.8'));
  assert.not(isAtLeast('1.9', '1.26.0'));
});

test.run();
