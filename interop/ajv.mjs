// Validates the bodies of a corpus with Ajv. Reads the corpus from a file and prints the verdicts, true (accepted) or false, one
// per line and in order.
import fs from 'node:fs';
import {parse} from 'yaml';
import {bodies} from './corpus.mjs';
import {validators} from './recipes/node/ajv.mjs';

const [document, corpus] = process.argv.slice(2);
const byStatus = validators(parse(fs.readFileSync(document, 'utf8')));
for (const {status, body} of bodies(corpus)) console.log(byStatus.get(status)(body));
