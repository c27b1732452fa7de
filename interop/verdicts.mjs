// Compares a tool's verdicts on a corpus with this module's. They must be equal, but for the exceptions of
// exceptions.mjs, and those must hold exactly.
import fs from 'node:fs';
import {exceptions} from './exceptions.mjs';

const [tool, corpusFile, verdictsFile] = process.argv.slice(2);
const lines = file => fs.readFileSync(file, 'utf8').trimEnd().split('\n');
const corpus = lines(corpusFile).map(line => JSON.parse(line));
const verdicts = lines(verdictsFile).map(line => line === 'true');
const problems = [];
if (verdicts.length !== corpus.length) {
  problems.push(`${verdicts.length} verdicts on ${corpus.length} responses`);
}

const word = valid => (valid ? 'accepts' : 'rejects');
const used = new Map(exceptions[tool].map(exception => [exception, 0]));
let accepted = 0;
let differ = 0;
corpus.forEach(({name, valid}, i) => {
  const verdict = verdicts[i];
  if (verdict) accepted++;
  const excepted = exceptions[tool].filter(({lines}) => lines.test(name));
  if (verdict === valid) {
    if (excepted.length > 0) problems.push(`${name}: excepted, and yet both ${word(valid).replace(/s$/, '')} it`);
    return;
  }
  differ++;
  if (excepted.length === 1 && excepted[0].ours === valid) {
    used.set(excepted[0], used.get(excepted[0]) + 1);
  } else {
    problems.push(`${name}: this module ${word(valid)} it, ${tool} ${word(verdict)} it`);
  }
});
for (const [{lines, why}, count] of used) {
  if (count === 0) problems.push(`the exception ${lines} names no response: ${why}`);
}

console.log(`${corpus.length} responses, ${accepted} accepted, ${corpus.length - accepted} rejected; ${differ} verdicts differ from this module's`);
for (const [{why}, count] of used) console.log(`${count} excepted: ${why}`);
if (problems.length > 0) {
  const most = 20;
  console.error(problems.slice(0, most).join('\n'));
  if (problems.length > most) console.error(`and ${problems.length - most} more`);
  process.exit(1);
}
