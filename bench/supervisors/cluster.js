// node cluster.js rr|none http|express|fastify PORT: four workers of Node's cluster. SIGHUP
// replaces them one by one, as Node's documentation advises; who dies is replaced.
'use strict';

const cluster = require('cluster');
const path = require('path');

const [policy, ...server] = process.argv.slice(2);
const COPIES = 4;

cluster.schedulingPolicy = policy === 'rr' ? cluster.SCHED_RR : cluster.SCHED_NONE;
cluster.setupPrimary({ exec: path.join(__dirname, 'server.js'), args: server });
for (let i = 0; i < COPIES; i++) {
  cluster.fork();
}
cluster.on('exit', (worker) => worker.exitedAfterDisconnect || cluster.fork());
process.on('SIGHUP', async () => {
  for (const old of Object.values(cluster.workers)) {
    await new Promise((resolve) => cluster.fork().once('listening', resolve));
    old.disconnect();
  }
});
process.on('SIGTERM', () => {
  Object.values(cluster.workers).forEach((worker) => worker.process.kill('SIGKILL'));
  process.exit(0);
});
