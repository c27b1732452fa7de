// Tests a client, here the vendor's SDK, against a fake control plane.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Portkey} from 'portkey-ai';
import {apiKey, examples, start} from './control-plane.mjs';

async function retrieveAll(baseURL) {
  const portkey = new Portkey({baseURL, apiKey, maxRetries: 0});
  for (const {name, status, body} of examples) {
    if (status === 200) {
      const got = await portkey.integrations.retrieve({slug: name});
      // The SDK adds functions to what it received. They are not part of the JSON.
      assert.deepEqual(JSON.parse(JSON.stringify(got)), body, name);
    } else {
      await assert.rejects(portkey.integrations.retrieve({slug: name}), error => error.status === status, name);
    }
  }
}

test('the SDK retrieves every example, with requests that conform to the contract', async () => {
  const fake = await start('serve', '--fail-on-invalid');
  try {
    await retrieveAll(fake.url);
  } finally {
    assert.equal(await fake.stop(), 0);
  }
});

test('it does so through the checking proxy, which finds no violation', async () => {
  const fake = await start('serve');
  const proxy = await start('proxy', '--upstream', fake.url);
  try {
    await retrieveAll(proxy.url);
  } finally {
    assert.equal(await proxy.stop(), 0);
    await fake.stop();
  }
});

test('a request without a key is reported', async () => {
  const fake = await start('serve', '--fail-on-invalid');
  const response = await fetch(`${fake.url}/integrations/rich`);
  assert.equal(response.status, 401);
  assert.equal(await fake.stop(), 1);
});

test('the SDK reports a control plane that is down', async () => {
  const fake = await start('serve', '--fault', 'rich=status:503');
  const portkey = new Portkey({baseURL: fake.url, apiKey, maxRetries: 0});
  await assert.rejects(portkey.integrations.retrieve({slug: 'rich'}), error => error.status === 503);
  await fake.stop();
});
