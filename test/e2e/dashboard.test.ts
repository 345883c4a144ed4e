import { equal, is, match } from 'uvu/assert';
import { DASHBOARD_PORT } from '../../local/addons/dashboard-access.ts';
import { suite } from '../harness/suite.ts';
import { Reader } from '../integration/dashboard/reader.ts';
import { kubectl, OPERATOR } from './cluster.ts';
import { withDashboard } from './forward.ts';

const test = suite('The dashboard in a cluster');

test('the two lines of npm start lead to the page and past its sign-in, and no other pod gets there', async () => {
  await withDashboard(async ({ url, token }) => {
    const page = await fetch(url);
    is(page.status, 200);
    match(await page.text(), '/assets/main.js');
    is((await fetch(`${url}/assets/main.js`)).status, 200);
    const list = await Reader.open(`${url}/api/environments`, token);
    equal(await list.until('hello'), { user: 'system:serviceaccount:default:dashboard' });
    is((await list.until('environments')).refused, undefined);
    list.close();
    // It listens on 127.0.0.1 of its pod: through the Service's way, by the address of the pod, nobody answers.
    const pod = (
      await kubectl([...OPERATOR, 'get', 'pods', '-o', 'jsonpath={.items[0].metadata.name}'])
    ).trim();
    const path = `/api/v1/namespaces/cryptosense-system/pods/${pod}:${DASHBOARD_PORT}/proxy/`;
    const refused = await kubectl(['get', '--raw', path]).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    match(refused, /refused|unable to|error trying to reach/i);
  });
});

test.run();
