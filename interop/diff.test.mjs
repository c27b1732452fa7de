// Shows interop/diff on one real change, in a scratch copy of the repository: a field, a provider and a value are added,
// and then a field is removed. Run by node --test.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {parseDocument} from 'yaml';

const interop = path.dirname(fileURLToPath(import.meta.url));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'interop-diff-'));
const git = (...args) => execFileSync('git', ['-C', scratch, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {stdio: 'pipe'});

// edit changes a YAML file of the copy, and keeps the rest of it as it is.
function edit(file, change) {
  const at = path.join(scratch, file);
  const document = parseDocument(fs.readFileSync(at, 'utf8'));
  change(document);
  fs.writeFileSync(at, document.toString({lineWidth: 0}));
}

const generate = () => execFileSync('go', ['generate', '.'], {cwd: scratch, stdio: 'pipe'});

function diff(ref) {
  const {status, stdout, stderr} = spawnSync(path.join(interop, 'diff'), ['-C', scratch, ...(ref ? [ref] : [])], {encoding: 'utf8'});
  assert.ok(status === 0 || status === 1, `interop/diff broke down: ${stdout}${stderr}`);
  return {status, stdout: stdout + stderr};
}

const removal = '`response-optional-property-removed` removed the optional property ' +
  '`configurations/anyOf[#/components/schemas/VertexAIConfiguration]/vertex_project_id` from the response with the `200` status';

const changelog = (...breaking) => fs.writeFileSync(path.join(scratch, 'CHANGELOG.md'),
  ['# Changelog', '', '## Unreleased', '', ...breaking, '', '## 0.1.0', '', '### Breaking (contract)', '', '- `an-old-one` long since', ''].join('\n'));

before(() => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ':!interop', ':!bench'],
    {cwd: path.dirname(interop), encoding: 'utf8'}).trim().split('\n');
  for (const file of files) {
    const from = path.join(interop, '..', file);
    if (!fs.existsSync(from)) continue; // Deleted, and not committed yet.
    fs.mkdirSync(path.dirname(path.join(scratch, file)), {recursive: true});
    fs.copyFileSync(from, path.join(scratch, file));
  }
  changelog();
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'a release');
});

after(() => fs.rmSync(scratch, {recursive: true}));

test('without a tag there is nothing to compare with', () => {
  const {status, stdout} = diff();
  assert.equal(status, 0, stdout);
  assert.match(stdout, /No tag yet/);
});

test('no change is no change', () => {
  git('tag', 'v0.1.0');
  const {status, stdout} = diff();
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^0 changes of the contract, 0 of them breaking$/m);
  assert.match(stdout, /^no change$/m);
});

test('a field, a provider and a value more break nobody', () => {
  edit('openapi.yaml', document => {
    const schema = (...at) => ['components', 'schemas', ...at];
    document.setIn(schema('Integration', 'properties', 'region'), {type: 'string', description: 'Where it runs.'});
    document.addIn(schema('AzureAuthMode', 'x-extensible-enum'), 'passkey');

    document.setIn(schema('NebulaConfiguration'), document.createNode({
      type: 'object', description: 'Configuration of Nebula.', 'x-ai-provider-ids': ['nebula'], required: ['nebula_account'],
      properties: {nebula_account: {type: 'string', description: 'Nebula account.'}},
    }));
    document.setIn(schema('NoNebulaField'), document.createNode({
      type: 'object', nullable: true, description: "An object with no field of Nebula's configuration.",
      properties: {nebula_account: {$ref: '#/components/schemas/Absent'}},
    }));
    document.setIn(schema('CompleteNebula'), document.createNode({
      description: 'Not a Nebula integration whose configuration lacks a required field.',
      not: {
        type: 'object', required: ['ai_provider_id', 'configurations'],
        properties: {
          ai_provider_id: {type: 'string', enum: ['nebula']},
          configurations: {type: 'object', minProperties: 1, not: {required: ['nebula_account'],
            properties: {nebula_account: {}}}},
        },
      },
    }));
    document.addIn(schema('Integration', 'allOf'), document.createNode({$ref: '#/components/schemas/CompleteNebula'}));
    const union = document.getIn(schema('Configurations', 'anyOf'));
    union.items.splice(-1, 0, document.createNode({$ref: '#/components/schemas/NebulaConfiguration'}));
    for (const open of ['OpenAIConfiguration', 'HuggingFaceConfiguration', 'CustomBaseURLConfiguration', 'OtherConfiguration']) {
      document.addIn(schema(open, 'allOf'), document.createNode({$ref: '#/components/schemas/NoNebulaField'}));
    }
  });
  edit('gen/overlay.yaml', document => {
    const action = document.get('actions').items.find(a => a.get('target') === '$.components.schemas.AzureAuthMode');
    action.addIn(['update', 'enum'], 'passkey');
  });
  generate();

  const {status, stdout} = diff();
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^fine .*added the optional property `region`/m);
  assert.match(stdout, /^fine .*added `#\/components\/schemas\/NebulaConfiguration` to the `configurations`/m);
  assert.match(stdout, /^fine .*added the value `passkey` to `AzureAuthMode`/m);
  assert.match(stdout, / 0 of them breaking$/m);
  assert.match(stdout, /gen\.Integration\.Region: added/);
  assert.match(stdout, /gen\.NebulaConfiguration: added/);
  assert.match(stdout, /gen\.AzureAuthModePasskey: added/i);
});

test('a field less breaks those who read it', () => {
  edit('openapi.yaml', document => {
    assert.ok(document.deleteIn(['components', 'schemas', 'VertexAIConfiguration', 'properties', 'vertex_project_id']));
  });
  generate();

  const {status, stdout} = diff('v0.1.0');
  assert.equal(status, 1, stdout);
  assert.ok(stdout.includes(`BREAKING  ${removal}\n`), stdout);
  assert.match(stdout, /Incompatible changes:\n- .*gen\.VertexAIConfiguration\.VertexProjectID: removed/);
});

test('once declared it passes, and a declaration of what is not there does not', () => {
  const older = path.join(scratch, 'older.yaml');
  fs.writeFileSync(older, git('show', 'v0.1.0:openapi.yaml'));
  const contractdiff = (...lines) => {
    changelog(...lines);
    return spawnSync(path.join(interop, 'bin/contractdiff'), ['-changelog', path.join(scratch, 'CHANGELOG.md'), older, path.join(scratch, 'openapi.yaml')],
      {encoding: 'utf8'});
  };
  const heading = '### Breaking (contract)';
  const bullet = `- ${removal}: the vendor dropped it`;

  let {status, stdout} = contractdiff(heading, '', bullet.replaceAll(' from ', '\n  from '));
  assert.equal(status, 0, stdout);
  assert.ok(stdout.includes(`declared  ${removal}\n`), stdout);

  ({status, stdout} = contractdiff(heading, '', bullet, '- `response-optional-property-removed` something else'));
  assert.equal(status, 1, stdout);
  assert.match(stdout, /^NO SUCH {3}`response-optional-property-removed` something else$/m);

  ({status, stdout} = contractdiff('### Added', '', bullet));
  assert.equal(status, 1, 'a declaration counts under its heading alone');
});
