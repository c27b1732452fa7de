// The bodies of the corpus on which another validator and this module disagree, and the reasons.
//
// An exception matches lines of the corpus by the change made to the body and by whether this module accepts it (ours).
// verdicts.mjs checks that the tool disagrees on each line that an exception matches, that it agrees on every other line,
// and that every exception matches a line.
const moments = '(created_at|last_updated_at|next_usage_reset_at|last_reset_at)';
const integers = '(value|workspace_count|periodic_reset_days|status_code)';

// The secrets. Those of providers that share a schema are below two allOf.
const shared = 'azure_entra_client_secret|aws_secret_access_key';
const texts = `(key|oracle_private_key|oracle_key_passphrase|${shared})`;
const others = '(key|oracle_private_key|oracle_key_passphrase|vertex_service_account_json)';
const secrets = `(${others}|${shared})`;

const arrayOfNull = {
  lines: /(\/masked_vertex_service_account_json is \[null\]|^edge\/a masked service account that is an array)$/,
  ours: false,
  why: 'kin-openapi rejects null as an item with an empty schema ({})',
};
const greatest = {
  lines: /^edge\/the greatest int64$/,
  ours: true,
  why: 'compares int64 as float64, in which the greatest one is 2^63',
};

export const exceptions = {
  kin: [
    {
      lines: /^rich\/tags\/0 is \[null\]$/,
      ours: true,
      why: 'kin-openapi rejects null as an item with an empty schema ({}); this module does not look into arbitrary JSON values',
    },
  ],

  ajv: [
    arrayOfNull,
    {
      lines: RegExp(`/${moments} is "2025-06-01 12:00:00Z"$`),
      ours: false,
      why: 'ajv-formats accepts a space for the T',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01T12:00:00\\+05(30)?"$`),
      ours: false,
      why: 'ajv-formats accepts the offsets of ISO 8601, of which RFC 3339 allows only one form',
    },
    {
      lines: /_?id is "urn:uuid:[0-9a-f-]{36}"$/,
      ours: false,
      why: 'ajv-formats accepts the URN of a UUID as a UUID',
    },
    {
      lines: /^edge\/(past the greatest int64|an integer written 1e19|an integer written 1e300)$/,
      ours: false,
      why: 'ajv-formats checks that an int64 is an integer, but not its range',
    },
  ],

  pb33f: [
    arrayOfNull,
    greatest,
    {
      lines: RegExp([
        `/${others} (added|unmasked) as null`,
        '^edge/(a null key|a masked service account with a null private key)$',
        '^evidence/(vertex-ai-masked-null|oracle-null-secrets)$',
      ].join('|')),
      ours: true,
      why: 'pb33f rejects a writeOnly property that is null; null reveals no secret and stands for absence',
    },
    {
      lines: RegExp(`/(${shared}) (added$|unmasked as ("plain-text"|""))|^edge/an unmasked key in a configuration of another provider$`),
      ours: false,
      why: 'pb33f misses a writeOnly property below two allOf',
    },
    {
      lines: /^[^/]+ is null$/,
      ours: false,
      why: 'pb33f does not check a body that is null',
    },
  ],

  zod: [
    arrayOfNull,
    greatest,
    {
      lines: RegExp(`/${secrets} (added|added with the wrong type|unmasked as ("|\\{).*)$|, its secrets unmasked$|^edge/(an unmasked key.*|a service account under the masked name)$`),
      ours: false,
      why: 'zod has no writeOnly: it accepts a secret',
    },
    {
      lines: RegExp(`/${integers} is (true|""|\\[\\]|\\[null\\])$|/error/code is (true|\\[\\]|\\[null\\])$`),
      ours: false,
      why: 'an int64 becomes a bigint, from whatever BigInt() accepts',
    },
    {
      lines: RegExp(`/${moments} is "(2016-12-31T23:59:60Z|2017-01-01T05:29:60\\+05:30|2025-06-30T23:59:60.5Z)"$`),
      ours: true,
      why: 'zod rejects leap seconds',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01(t12:00:00z|T12:00:00z)"$`),
      ours: true,
      why: 'RFC 3339 allows T and Z in lower case; zod does not',
    },
    {
      lines: /_?id is "3c90c3cc-0d44-9b50-7888-8dd25736052a"$/,
      ours: true,
      why: 'zod requires a version and a variant that RFC 9562 defines',
    },
  ],

  prism: [
    arrayOfNull,
    {
      lines: /^edge\/(an integer past 2\^53|the greatest int64)$/,
      ours: true,
      why: 'Prism limits int64 to the integers that a double represents exactly',
    },
    {
      lines: RegExp([
        `/${secrets} added$`,
        `/${texts} unmasked as "`,
        '/(vertex_service_account_json|key) unmasked as {',
        '/key added with the wrong type$',
        '^edge/(an unmasked key.*|a service account under the masked name)$',
      ].join('|')),
      ours: false,
      why: 'Prism ignores writeOnly in a response: it accepts a secret of the right type',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01( 12:00:00Z|T12:00:00\\+(05|0530|24:00))"$`),
      ours: false,
      why: 'Prism accepts a space for the T, the offsets of ISO 8601, and an offset of a day',
    },
    {
      lines: RegExp(`/${moments} is "2017-01-01T05:29:60\\+05:30"$`),
      ours: true,
      why: 'Prism accepts leap seconds in UTC only',
    },
    {
      lines: /_?id is "urn:uuid:[0-9a-f-]{36}"$/,
      ours: false,
      why: 'Prism accepts the URN of a UUID as a UUID',
    },
  ],

  specmatic: [
    arrayOfNull,
    greatest,
    {
      lines: RegExp([
        `/${secrets} added$`,
        `/${secrets} unmasked as ""`,
        `/${texts} unmasked as "plain-text"`,
        '/vertex_service_account_json unmasked as {',
        '^edge/(an unmasked key.*|a service account under the masked name)$',
      ].join('|')),
      ours: false,
      why: 'Specmatic ignores writeOnly: it accepts a secret of the right type',
    },
    {
      lines: /\/(?!(id|created_at) is)[a-z_]+ is ""$/,
      ours: false,
      why: 'Specmatic accepts an empty string as a null',
    },
    {
      lines: RegExp(`/${integers} is (0.5|7.25)$|/error/code is 0.5$`),
      ours: false,
      why: 'Specmatic accepts an integer with a fraction',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01T12:00:60Z"$`),
      ours: false,
      why: 'Specmatic accepts second 60 in any minute',
    },
    {
      lines: /_?id is "3c90c3cc-0d44-4b50-8888-8dd25736052"$/,
      ours: false,
      why: 'a UUID may lack digits, as in java.util.UUID',
    },
    {
      lines: /^evidence\/tags-object$/,
      ours: true,
      why: 'Specmatic gives an array of null and a number, in an object of any shape, the type of its first item',
    },
  ],
};
