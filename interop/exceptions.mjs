// Where another validator and this module disagree on a body of the corpus, and why that stays so.
//
// An exception names lines of the corpus by what was done to the body and by this module's verdict, ours. verdicts.mjs holds
// it to that: on each line that it names the tool's verdict is the opposite, on every other line the two agree, and an
// exception that names no line is an error.
const moments = '(created_at|last_updated_at|next_usage_reset_at|last_reset_at)';
const integers = '(value|workspace_count|periodic_reset_days|status_code)';

// The secrets. Those of the providers that share a schema stand below two allOf.
const shared = 'azure_entra_client_secret|aws_secret_access_key';
const texts = `(key|oracle_private_key|oracle_key_passphrase|${shared})`;
const others = '(key|oracle_private_key|oracle_key_passphrase|vertex_service_account_json)';
const secrets = `(${others}|${shared})`;

const arrayOfNull = {
  lines: /(\/masked_vertex_service_account_json is \[null\]|^edge\/a masked service account that is an array)$/,
  ours: false,
  why: 'kin-openapi refuses null as an item of which the schema says nothing ({})',
};
const greatest = {
  lines: /^edge\/the greatest int64$/,
  ours: true,
  why: 'compares int64 as float64, where the greatest one is 2^63',
};

export const exceptions = {
  kin: [
    {
      lines: /^rich\/tags\/0 is \[null\]$/,
      ours: true,
      why: 'kin-openapi refuses null as an item of which the schema says nothing ({}); this module does not look into any JSON value',
    },
  ],

  ajv: [
    arrayOfNull,
    {
      lines: RegExp(`/${moments} is "2025-06-01 12:00:00Z"$`),
      ours: false,
      why: 'ajv-formats takes a space for the T',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01T12:00:00\\+05(30)?"$`),
      ours: false,
      why: 'ajv-formats takes the offsets of ISO 8601, of which RFC 3339 has but one form',
    },
    {
      lines: /_?id is "urn:uuid:[0-9a-f-]{36}"$/,
      ours: false,
      why: 'ajv-formats takes the URN of a UUID for a UUID',
    },
    {
      lines: /^edge\/(past the greatest int64|an integer written 1e19|an integer written 1e300)$/,
      ours: false,
      why: 'ajv-formats checks of an int64 that it is an integer, not its range',
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
      why: 'pb33f refuses a writeOnly property that is null; null carries no secret, and stands for its absence',
    },
    {
      lines: RegExp(`/(${shared}) (added$|unmasked as ("plain-text"|""))|^edge/an unmasked key in a configuration of another provider$`),
      ours: false,
      why: 'pb33f does not see a writeOnly property below two allOf',
    },
    {
      lines: /^[^/]+ is null$/,
      ours: false,
      why: 'pb33f does not look at a body that is null',
    },
  ],

  zod: [
    arrayOfNull,
    greatest,
    {
      lines: RegExp(`/${secrets} (added|added with the wrong type|unmasked as ("|\\{).*)$|, its secrets unmasked$|^edge/(an unmasked key.*|a service account under the masked name)$`),
      ours: false,
      why: 'zod has no writeOnly: a secret passes unseen',
    },
    {
      lines: RegExp(`/${integers} is (true|""|\\[\\]|\\[null\\])$|/error/code is (true|\\[\\]|\\[null\\])$`),
      ours: false,
      why: 'an int64 becomes a bigint, of whatever BigInt() takes',
    },
    {
      lines: RegExp(`/${moments} is "(2016-12-31T23:59:60Z|2017-01-01T05:29:60\\+05:30|2025-06-30T23:59:60.5Z)"$`),
      ours: true,
      why: 'zod knows no leap second',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01(t12:00:00z|T12:00:00z)"$`),
      ours: true,
      why: 'RFC 3339 lets T and Z be lower case; zod does not',
    },
    {
      lines: /_?id is "3c90c3cc-0d44-9b50-7888-8dd25736052a"$/,
      ours: true,
      why: 'zod wants a version and a variant that RFC 9562 names',
    },
  ],

  prism: [
    arrayOfNull,
    {
      lines: /^edge\/(an integer past 2\^53|the greatest int64)$/,
      ours: true,
      why: 'an int64 is no more than a double can count to Prism',
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
      why: 'Prism has no writeOnly in a response: a secret of the right type passes unseen',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01( 12:00:00Z|T12:00:00\\+(05|0530|24:00))"$`),
      ours: false,
      why: 'Prism takes a space for the T, the offsets of ISO 8601, and an offset of a day',
    },
    {
      lines: RegExp(`/${moments} is "2017-01-01T05:29:60\\+05:30"$`),
      ours: true,
      why: 'Prism knows a leap second in UTC alone',
    },
    {
      lines: /_?id is "urn:uuid:[0-9a-f-]{36}"$/,
      ours: false,
      why: 'Prism takes the URN of a UUID for a UUID',
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
      why: 'Specmatic has no writeOnly: a secret of the right type passes unseen',
    },
    {
      lines: /\/(?!(id|created_at) is)[a-z_]+ is ""$/,
      ours: false,
      why: 'Specmatic takes an empty text for a null',
    },
    {
      lines: RegExp(`/${integers} is (0.5|7.25)$|/error/code is 0.5$`),
      ours: false,
      why: 'an integer may have a fraction',
    },
    {
      lines: RegExp(`/${moments} is "2025-06-01T12:00:60Z"$`),
      ours: false,
      why: 'Specmatic takes second 60 in any minute',
    },
    {
      lines: /_?id is "3c90c3cc-0d44-4b50-8888-8dd25736052"$/,
      ours: false,
      why: 'a UUID may lack digits, as java.util.UUID has it',
    },
    {
      lines: /^evidence\/tags-object$/,
      ours: true,
      why: 'an array of null and a number, in an object of any shape, has the type of its first item to Specmatic',
    },
  ],
};
