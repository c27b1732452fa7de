// Judges the responses of a corpus with ajv. Reads the corpus from a file, prints one verdict a line, in its order:
// true or false.
import fs from 'node:fs';
import readline from 'node:readline';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import {parse} from 'yaml';
import {toJSONSchema} from './json-schema.mjs';

const [document, corpus] = process.argv.slice(2);
const openapi = parse(fs.readFileSync(document, 'utf8'));

const ajv = new Ajv({strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false});
addFormats(ajv);
const schemas = Object.entries(openapi.components.schemas).map(([name, s]) => [name, toJSONSchema(s)]);
ajv.addVocabulary(['components']);
ajv.addSchema({$id: 'openapi.yaml', components: {schemas: Object.fromEntries(schemas)}});

const validators = new Map();
for (const [status, response] of Object.entries(openapi.paths['/integrations/{slug}'].get.responses)) {
  const {content} = response.$ref ? openapi.components.responses[response.$ref.split('/').pop()] : response;
  const schema = toJSONSchema(content['application/json'].schema);
  validators.set(Number(status), ajv.compile({$ref: `openapi.yaml${schema.$ref}`}));
}

const verdicts = [];
for await (const line of readline.createInterface({input: fs.createReadStream(corpus)})) {
  const {status, body} = JSON.parse(line);
  verdicts.push(validators.get(status)(body));
}
console.log(verdicts.join('\n'));
