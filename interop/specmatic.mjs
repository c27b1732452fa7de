// Validates the bodies of a corpus with Specmatic, each as an external example.
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {bodies} from './corpus.mjs';

const [corpus, folder] = process.argv.slice(2);
fs.mkdirSync(folder);
const all = bodies(corpus);
all.forEach(({name, status, body}, i) => fs.writeFileSync(path.join(folder, `${i}.json`), JSON.stringify({
  name,
  'http-request': {method: 'GET', path: `/integrations/example-${i}`, headers: {'x-portkey-api-key': 'any'}},
  'http-response': {status, headers: {'Content-Type': 'application/json'}, body},
})));

const specmatic = spawn('recipes/specmatic/specmatic', ['examples', 'validate', '--examples-to-validate', 'EXTERNAL', '--examples-dir', folder],
  {stdio: ['ignore', 'pipe', 'inherit']});
process.once('SIGTERM', () => {
  specmatic.kill();
  process.exit(1);
});
const stdout = await text(specmatic.stdout);
const rejected = new Set([...stdout.matchAll(/^Error\(s\) found .*\/(\d+)\.json'/gm)].map(([, i]) => Number(i)));
const [, valid, invalid] = stdout.match(/(\d+) example\(s\) are valid\. (\d+) example\(s\) are invalid\./) ?? [];
if (Number(valid) !== all.length - rejected.size || Number(invalid) !== rejected.size) {
  console.error(`Specmatic's summary differs from the errors that were parsed (${rejected.size} of ${all.length} rejected):\n${stdout.slice(-2000)}`);
  process.exit(1);
}
all.forEach((_, i) => console.log(!rejected.has(i)));
