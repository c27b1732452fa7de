// Validates the bodies of a corpus with the zod validators that @hey-api/openapi-ts generates from the contract.
import {bodies} from './corpus.mjs';
import {zErrorResponse, zIntegration} from './recipes/node/generated/zod.gen.js';

for (const {status, body} of bodies(process.argv[2])) {
  console.log((status === 200 ? zIntegration : zErrorResponse).safeParse(body).success);
}
