// Compares a tool's verdicts on a corpus, accepted or not, with this module's. They must be equal except for the exceptions in
// exceptions.mjs, which must match exactly.
import {bodies, lines} from './corpus.mjs';
import {exceptions} from './exceptions.mjs';

const [tool, corpusFile, verdictsFile] = process.argv.slice(2);
const corpus = bodies(corpusFile);
const verdicts = lines(verdictsFile).map(line => line === 'true');
const problems = [];
if (verdicts.length !== corpus.length) {
  problems.push(`${verdicts.length} verdicts on ${corpus.length} bodies`);
}

const word = valid => (valid ? 'accepts' : 'rejects');
const used = new Map(exceptions[tool].map(exception => [exception, 0]));
const refused = {true: 0, false: 0}; // by this module's verdict
corpus.forEach(({name, valid}, i) => {
  const verdict = verdicts[i];
  if (!verdict) refused[valid]++;
  const excepted = exceptions[tool].filter(({lines, ours}) => ours === valid && lines.test(name));
  if (verdict === valid) {
    if (excepted.length > 0) problems.push(`${name}: an exception matches it, but both ${word(valid).replace(/s$/, '')} it`);
    return;
  }
  if (excepted.length === 1) {
    used.set(excepted[0], used.get(excepted[0]) + 1);
  } else {
    problems.push(`${name}: this module ${word(valid)} it, ${tool} ${word(verdict)} it`);
  }
});
for (const [{lines, why}, count] of used) {
  if (count === 0) problems.push(`the exception ${lines} matches no body: ${why}`);
}

const conforming = corpus.filter(({valid}) => valid).length;
console.log(`rejects ${refused.false} of ${corpus.length - conforming} that violate the contract, and ${refused.true} of ${conforming} that conform`);
for (const [{why}, count] of used) console.log(`${count}: ${why}`);
if (problems.length > 0) {
  const most = 20;
  console.error(problems.slice(0, most).join('\n'));
  if (problems.length > most) console.error(`and ${problems.length - most} more`);
  process.exit(1);
}
