// Validates the bodies of a corpus with Prism's proxy, in front of a server that sends them.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import http from 'node:http';
import net from 'node:net';
import {setTimeout} from 'node:timers/promises';
import {bodies} from './corpus.mjs';

const all = bodies(process.argv[2]);
const upstream = http.createServer((request, response) => {
  const {status, body} = all[Number(request.url.split('-').pop())];
  response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
}).listen(0, '127.0.0.1');
await once(upstream, 'listening');

const port = process.argv[3];
const proxy = spawn('recipes/prism/proxy', [`http://127.0.0.1:${upstream.address().port}`, port, '--verboseLevel', 'error'],
  {stdio: ['ignore', 'ignore', 'inherit']});
process.once('SIGTERM', () => {
  proxy.kill();
  process.exit(1);
});
const agent = new http.Agent({keepAlive: true, maxSockets: 4});
try {
  while (!(await listens())) await setTimeout(200);
  console.log((await Promise.all(all.map((_, i) => accepts(i)))).join('\n'));
} finally {
  agent.destroy();
  upstream.close();
  proxy.kill();
}

function listens() {
  assert.equal(proxy.exitCode, null, 'Prism has exited');
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.unref().on('connect', () => socket.end());
  });
}

// accepts resolves to whether the proxy passes on the body of line i. In place of a body that it rejects, it sends an error of
// its own.
function accepts(i) {
  return new Promise((resolve, reject) => {
    http.get({port, host: '127.0.0.1', agent, path: `/integrations/line-${i}`, headers: {'x-portkey-api-key': 'any'}}, response => {
      response.resume().on('end', () => {
        const own = response.headers['content-type'] === 'application/problem+json';
        if (!own && response.statusCode !== all[i].status) return reject(new Error(`${all[i].name}: status code ${response.statusCode}`));
        resolve(!own);
      });
    }).on('error', reject);
  });
}
