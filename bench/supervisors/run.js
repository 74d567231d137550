// npm ci && node run.js SHAREOBJECT-COMMAND...: puts http, express and fastify under several
// supervisors, four copies each, and loads them while they are reloaded twice and three copies are
// killed. Prints a table of requests that failed, were reset or hung, and how 40 kept-alive
// connections spread over the copies.
'use strict';

const { execFileSync, spawn } = require('child_process');
const http = require('http');
const net = require('net');
const path = require('path');

const COPIES = 4;
const CLIENTS = 16;
const HUNG_MS = 10000;
const PHASE_MS = 3000;
const shareobject = process.argv.slice(2);
const pm2 = path.join(__dirname, 'node_modules', '.bin', 'pm2');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function start(...words) {
  const child = spawn(words[0], words.slice(1), { cwd: __dirname, stdio: 'ignore' });
  return { reload: () => child.kill('SIGHUP'), stop: () => child.kill('SIGTERM') };
}

function startPm2(...server) {
  const [program, ...args] = server;
  const run = (...words) => execFileSync(pm2, words, { cwd: __dirname, stdio: 'ignore' });
  run('start', program, '-i', String(COPIES), '--name', 'bench', '--', ...args);
  return {
    reload: () => spawn(pm2, ['reload', 'bench'], { cwd: __dirname, stdio: 'ignore' }),
    stop: () => run('kill'),
  };
}

const supervisors = {
  'fork': (...server) => start(...shareobject, 'fork', '-n', String(COPIES), 'node', ...server),
  'fork --round-robin': (...server) =>
    start(...shareobject, 'fork', '-n', String(COPIES), '--round-robin', 'node', ...server),
  'cluster, SCHED_NONE': (...server) => start('node', 'cluster.js', 'none', ...server.slice(1)),
  'cluster, SCHED_RR': (...server) => start('node', 'cluster.js', 'rr', ...server.slice(1)),
  'pm2': startPm2,
};

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Resolves to the number of the process that answered; rejects with what went wrong.
function ask(port, agent) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', agent, timeout: HUNG_MS }, (response) => {
      let text = '';
      response.on('data', (data) => (text += data));
      response.on('end', () =>
        (response.statusCode === 200 ? resolve(Number(text)) : reject(new Error('failed'))));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('hung')));
    request.on('error', reject);
  });
}

const newAgent = () => new http.Agent({ keepAlive: true, maxSockets: 1 });

async function spread(port) {
  const served = new Map();
  const agents = [];
  for (let i = 0; i < 40; i++) {
    agents.push(newAgent());
    const pid = await ask(port, agents[i]);
    served.set(pid, (served.get(pid) || 0) + 1);
  }
  agents.forEach((agent) => agent.destroy());
  return [...served.values()].sort((a, b) => b - a).join(', ');
}

async function awaitCopies(port) {
  const seen = new Set();
  for (const end = Date.now() + 30000; Date.now() < end && seen.size < COPIES;) {
    const pids = await Promise.allSettled(Array.from({ length: 32 }, () => ask(port)));
    pids.forEach(({ value }) => value && seen.add(value));
    await pause(100);
  }
}

async function load(port, count, isOver) {
  const agent = newAgent();
  while (!isOver()) {
    try {
      count.last = await ask(port, agent);
      count.answered++;
    } catch (error) {
      const kind = { ECONNRESET: 'reset', EPIPE: 'reset', hung: 'hung' };
      count[kind[error.code] || kind[error.message] || 'failed']++;
      await pause(10);
    }
  }
  agent.destroy();
}

async function measure(name, kind) {
  const port = await freePort();
  const supervisor = supervisors[name]('server.js', kind, String(port));
  try {
    await awaitCopies(port);
    const connections = await spread(port);
    const count = { answered: 0, failed: 0, reset: 0, hung: 0 };
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, () => load(port, count, () => isOver));
    for (const disturb of ['reload', 'kill', 'kill', 'kill', 'reload']) {
      await pause(PHASE_MS);
      if (disturb === 'kill') {
        try {
          process.kill(count.last, 'SIGKILL');
        } catch {
          // It has ended by itself meanwhile.
        }
      } else {
        supervisor.reload();
        await pause(2 * PHASE_MS);
      }
    }
    await pause(PHASE_MS);
    isOver = true;
    await Promise.all(clients);
    console.log(`| ${kind} | ${name} | ${count.answered} | ${count.failed} | ${count.reset} `
      + `| ${count.hung} | ${connections} |`);
  } finally {
    supervisor.stop();
    await pause(PHASE_MS);
  }
}

(async () => {
  console.log('| server | supervisor | answered | failed | reset | hung | 40 connections |');
  console.log('|---|---|---|---|---|---|---|');
  for (const kind of ['http', 'express', 'fastify']) {
    for (const name of Object.keys(supervisors)) {
      await measure(name, kind);
    }
  }
})();
