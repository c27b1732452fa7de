import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import {toJSONSchema} from './json-schema.mjs';

// validators returns a function for each status code that the contract documents. It returns whether a body conforms, and
// its property errors has the errors of the last call.
export function validators(contract) {
  const ajv = new Ajv({strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false, allErrors: true});
  addFormats(ajv);
  ajv.addVocabulary(['components']);
  const schemas = Object.entries(contract.components.schemas).map(([name, schema]) => [name, toJSONSchema(schema)]);
  ajv.addSchema({$id: 'openapi.yaml', components: {schemas: Object.fromEntries(schemas)}});
  const all = new Map();
  for (const [status, response] of Object.entries(contract.paths['/integrations/{slug}'].get.responses)) {
    const {content} = response.$ref ? contract.components.responses[response.$ref.split('/').pop()] : response;
    const schema = toJSONSchema(content['application/json'].schema);
    all.set(Number(status), ajv.compile({$ref: `openapi.yaml${schema.$ref}`}));
  }
  return all;
}
