// Checks responses saved from a control plane with Ajv.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {validators} from './ajv.mjs';
import {contract, examples} from './control-plane.mjs';

const byStatus = validators(contract);
const saved = name => JSON.parse(fs.readFileSync(new URL(`saved/${name}.json`, import.meta.url), 'utf8'));

test('a saved response conforms', () => {
  const validate = byStatus.get(200);
  assert.ok(validate(saved('good')), JSON.stringify(validate.errors));
});

test('a saved response with an unmasked secret and a wrong type does not', () => {
  const validate = byStatus.get(200);
  assert.ok(!validate(saved('bad')));
  const places = new Set(validate.errors.map(error => error.instancePath));
  assert.ok(places.has('/configurations/aws_secret_access_key'), 'the secret');
  assert.ok(places.has('/workspace_count'), 'the type');
});

test('every example conforms', () => {
  for (const {name, status, body} of examples) {
    const validate = byStatus.get(status);
    assert.ok(validate(body), `${name}: ${JSON.stringify(validate.errors)}`);
  }
});
