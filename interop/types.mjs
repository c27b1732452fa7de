// Writes a TypeScript program that assigns every body of the contract's examples and of testdata/evidence to the types that
// openapi-typescript generates, and some broken ones, which must not fit. tsc checks the program.
import fs from 'node:fs';
import path from 'node:path';
import {bodies} from './corpus.mjs';

const [corpus, folder] = process.argv.slice(2);
fs.rmSync(folder, {recursive: true, force: true});
fs.mkdirSync(folder, {recursive: true});
const program = ["import type {components} from '../types.js';", "type Schemas = components['schemas'];"];
let count = 0;
function hold(status, body, fits) {
  const file = `body-${count++}.json`;
  fs.writeFileSync(path.join(folder, file), JSON.stringify(body));
  program.push(`import b${count} from './${file}' with {type: 'json'};`);
  if (!fits) program.push('// @ts-expect-error');
  program.push(`export const c${count}: Schemas['${status === 200 ? 'Integration' : 'ErrorResponse'}'] = b${count};`);
}

// The examples are the lines without a change.
const whole = bodies(corpus).filter(({name}) => /^[^/ ]+$/.test(name) || name.startsWith('evidence/'));
for (const {status, body} of whole) hold(status, body, true);
const {body} = whole.find(({name}) => name === 'bedrock-access-key');
const {id, ...without} = body;
const broken = [without, {...body, name: 7}, {...body, workspace_count: '3'}, {...body, configurations: {aws_region: 7}},
  {...body, secret_mappings: [{target_field: []}]}];
for (const one of broken) hold(200, one, false);
fs.writeFileSync(path.join(folder, 'bodies.ts'), `${program.join('\n')}\n`);
console.log(`${whole.length} bodies fit, ${broken.length} broken ones do not`);
