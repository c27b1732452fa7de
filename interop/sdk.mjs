// Retrieves every named example of the contract from a server with the vendor's own SDK, and compares it with the
// document.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {Portkey} from 'portkey-ai';
import {parse} from 'yaml';

const [document, baseURL, apiKey] = process.argv.slice(2);
const openapi = parse(fs.readFileSync(document, 'utf8'));
const portkey = new Portkey({baseURL, apiKey, maxRetries: 0});

let responses = 0;
let failures = 0;
for (const [code, response] of Object.entries(openapi.paths['/integrations/{slug}'].get.responses)) {
  const {content} = response.$ref ? openapi.components.responses[response.$ref.split('/').pop()] : response;
  for (const name of Object.keys(content['application/json'].examples)) {
    const want = openapi.components.examples[name].value;
    if (code === '200') {
      const got = await portkey.integrations.retrieve({slug: name});
      // The SDK adds functions to what it received. They are no part of the JSON.
      assert.deepEqual(JSON.parse(JSON.stringify(got)), want, `${name}: the response is not the example`);
      responses++;
    } else {
      await assert.rejects(portkey.integrations.retrieve({slug: name}), error => error.status === Number(code),
        `${name}: the SDK reports no error of status ${code}`);
      failures++;
    }
  }
}
assert.ok(responses > 0 && failures > 0, 'the contract has no examples');
console.log(`${responses} responses and ${failures} errors`);
