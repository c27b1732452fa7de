// Turns the schemas of an OpenAPI 3.0 document into JSON Schema, for responses.
//
// Packages that convert exist; none keeps the meaning of writeOnly in a response (they drop the property, and so accept
// an unmasked secret), and the difference between the two languages is small enough to be read here whole.

// Keywords of OpenAPI 3.0 that say nothing about a value, or that are said otherwise below.
const spent = new Set(['nullable', 'readOnly', 'writeOnly', 'discriminator', 'xml', 'externalDocs', 'example', 'deprecated']);

export function toJSONSchema(schema) {
  if (schema === true || schema === false) return schema;
  if (schema.$ref) return {$ref: schema.$ref}; // Siblings of a $ref mean nothing in 3.0.
  const out = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (spent.has(keyword) || keyword.startsWith('x-')) continue;
    out[keyword] = convert(keyword, value);
  }
  // nullable adds to the type that stands beside it, and to nothing else (OpenAPI 3.0.3, "Schema Object").
  if (schema.nullable && schema.type) out.type = [schema.type, 'null'];
  return out;
}

function convert(keyword, value) {
  switch (keyword) {
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return value.map(toJSONSchema);
    case 'not':
    case 'items':
    case 'additionalProperties':
      return toJSONSchema(value);
    case 'properties':
      return Object.fromEntries(Object.entries(value).map(([name, s]) => [name, property(s)]));
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      throw new Error(`${keyword} is a boolean in OpenAPI 3.0; teach json-schema.mjs to convert it`);
  }
  return value;
}

// A property that is writeOnly "should not be sent as part of the response". A null carries no secret: it stands for
// the property's absence, as in most responses of this API.
function property(schema) {
  const converted = toJSONSchema(schema);
  return schema.writeOnly ? {allOf: [converted, {type: 'null'}]} : converted;
}
