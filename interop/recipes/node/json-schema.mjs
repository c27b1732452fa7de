// Converts the schemas of an OpenAPI 3.0 document to JSON Schema, for responses.
//
// There are packages for this, but none keeps the meaning of writeOnly in a response: they drop the property, and so accept an
// unmasked secret. The difference between the two languages is small enough to handle here.

// Keywords of OpenAPI 3.0 that do not constrain a value, or that are converted below.
const spent = new Set(['nullable', 'readOnly', 'writeOnly', 'discriminator', 'xml', 'externalDocs', 'example', 'deprecated']);

export function toJSONSchema(schema) {
  if (schema === true || schema === false) return schema;
  if (schema.$ref) return {$ref: schema.$ref}; // In 3.0, siblings of a $ref are ignored.
  const out = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (spent.has(keyword) || keyword.startsWith('x-')) continue;
    out[keyword] = convert(keyword, value);
  }
  // nullable extends only the type beside it (OpenAPI 3.0.3, "Schema Object").
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

// A property that is writeOnly "should not be sent as part of the response". A null reveals no secret: it stands for
// the property's absence, as in most responses of this API.
function property(schema) {
  const converted = toJSONSchema(schema);
  return schema.writeOnly ? {allOf: [converted, {type: 'null'}]} : converted;
}
