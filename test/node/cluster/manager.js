// A master with the published Manager, whose worker is a JVM.
//   node manager.js cluster JAVA OPTIONS… CLASS ARGUMENTS…
//   node manager.js child   JAVA OPTIONS… CLASS ARGUMENTS…
// Either the worker is one of Node's cluster, or just a child process, which
// is put where the Manager looks for workers. The class is the last word
// before --. Ends with the worker's exit code.
'use strict';

const cluster = require('cluster');
const {spawn} = require('child_process');
const {Manager} = require('../../../examples/manager/published');

const [how, java, ...words] = process.argv.slice(2);
const end = words.indexOf('--');
const args = words.slice(end + 1);
const main = words[end - 1];
const options = words.slice(0, end - 1);
const manager = new Manager();

function forkInCluster() {
  process.execPath = java;
  cluster.setupPrimary({exec: main, execArgv: options, args});
  return cluster.fork().process;
}

function spawnChild() {
  const child = spawn(java, [...options, main, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  cluster.workers[1] = child;
  cluster.emit('online', child);
  return child;
}

const worker = how === 'cluster' ? forkInCluster() : spawnChild();
worker.on('message', (message) => {
  if (message === 'tell') {
    console.log(manager.__sharedMemory__.result);
    worker.send('told');
  } else if (message === 'die') {
    process.exit(0);
  }
});
worker.on('exit', (code) => process.exit(code === null ? 1 : code));
