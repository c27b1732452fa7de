// Where another validator and this module disagree on a response of the corpus, and why that stays so.
//
// An exception names lines of the corpus by what was done to the response. verdicts.mjs holds it to that: each line that
// it names must split the two, no other may, and an exception that names no line is an error.
//
//   ours  this module's verdict on those lines; the tool's is the opposite
const moments = '(created_at|last_updated_at|next_usage_reset_at|last_reset_at)';

export const exceptions = {
  ajv: [
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
    {
      lines: /\/configurations\/(aws_secret_access_key|azure_entra_client_secret) (added|unmasked as ".*" (beside|instead of) its twin)$|^mix\/every configuration as ".*", a secret unmasked$/,
      ours: false,
      why: 'pb33f looks for writeOnly in the members of an allOf, and not in theirs',
    },
    {
      lines: /(^edge\/a null key|\/key (added|unmasked) as null.*|\/configurations\/(oracle_private_key|oracle_key_passphrase|vertex_service_account_json) (added|unmasked) as null.*)$/,
      ours: true,
      why: 'pb33f refuses a writeOnly property that is null; null carries no secret, and stands for its absence',
    },
    {
      lines: /^[^/]+ is null$/,
      ours: false,
      why: 'pb33f does not look at a body that is null',
    },
    {
      lines: /^edge\/the greatest int64$/,
      ours: true,
      why: 'pb33f compares int64 as float64, where the greatest one is 2^63',
    },
  ],
};
