// Reads the output of `specmatic test` and checks that it ran a test for every example of the contract. The arguments after the
// file are the names of examples whose tests must have failed.
import fs from 'node:fs';
import {parse} from 'yaml';

const [document, output, ...broken] = process.argv.slice(2);
const results = new Map([...fs.readFileSync(output, 'utf8').matchAll(/ from the example '([^']+)' has (SUCCEEDED|FAILED)/g)]
  .map(([, name, result]) => [name, result]));
const all = Object.keys(parse(fs.readFileSync(document, 'utf8')).components.examples);
const problems = broken.length > 0
  ? [...results].filter(([name, result]) => (result === 'FAILED') !== broken.includes(name))
  : all.map(name => [name, results.get(name)]).filter(([, result]) => result !== 'SUCCEEDED');
for (const name of broken) if (!results.has(name)) problems.push([name, undefined]);
for (const [name, result] of problems) console.error(`${name}: ${result ?? 'was not run'}`);
console.log(`${results.size} of ${all.length} examples run, ${[...results.values()].filter(r => r === 'FAILED').length} failed`);
process.exit(problems.length > 0 ? 1 : 0);
