// zod's validators, generated from the contract (npm run generate).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {examples} from './control-plane.mjs';
import {zErrorResponse, zIntegration} from './generated/zod.gen.js';

test('they accept every example', () => {
  for (const {name, status, body} of examples) {
    const {error} = (status === 200 ? zIntegration : zErrorResponse).safeParse(body);
    assert.equal(error, undefined, name);
  }
});

test('they say where a response is wrong', () => {
  const {body} = examples.find(({name}) => name === 'bedrock-access-key');
  const wrong = {...body, slug: null, configurations: {...body.configurations, aws_region: 7}};
  const places = new Set(zIntegration.safeParse(wrong).error.issues.map(issue => issue.path.join('/')));
  assert.deepEqual([...places], ['slug', 'configurations/aws_region']);
});
