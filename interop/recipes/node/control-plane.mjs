import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';

export const apiKey = 'pk-contracttest'; // The fake server's; not a secret.

// start runs portkey-integration serve or proxy on a free port. stop ends it and resolves to its exit code: 1 if a request or
// a response violated the contract.
export async function start(command, ...flags) {
  const child = spawn('portkey-integration', [command, '--addr', '127.0.0.1:0', ...flags], {stdio: ['ignore', 'pipe', 'inherit']});
  const exit = once(child, 'exit');
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    exit.then(([code]) => reject(new Error(`portkey-integration ${command} ended with exit code ${code}`)), reject);
    child.stdout.setEncoding('utf8').on('data', data => {
      text += data;
      const found = text.match(/http:\/\/127\.0\.0\.1:\d+(\/\S*)?(?=\s)/);
      if (found) resolve(found[0]);
    });
  });
  return {
    url,
    async stop() {
      child.kill();
      return (await exit)[0];
    },
  };
}

// contract is the OpenAPI document.
export const contract = JSON.parse(execFileSync('portkey-integration', ['spec', '--output', 'json'], {maxBuffer: 1 << 26}));

// resolve returns the response that a $ref refers to.
const resolve = response => (response.$ref ? contract.components.responses[response.$ref.split('/').pop()] : response);

// examples are the contract's examples in JSON, which the fake server serves by name.
export const examples = Object.entries(contract.paths['/integrations/{slug}'].get.responses).flatMap(([status, response]) =>
  Object.keys(resolve(response).content['application/json'].examples).map(name =>
    ({name, status: Number(status), body: contract.components.examples[name].value})));
