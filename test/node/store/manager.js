// A master with a manager, whose worker is a JVM.
//   node manager.js ours|published cluster|child JAVA OPTIONS… CLASS -- ARGUMENTS…
// Either the worker is one of Node's cluster, or just a child process. Ends
// with the worker's exit code.
'use strict';

const cluster = require('cluster');
const {spawn} = require('child_process');
const peer = require('./peer');

const [whose, how, java, ...words] = process.argv.slice(2);
const end = words.indexOf('--');
const args = words.slice(end + 1);
const main = words[end - 1];
const options = words.slice(0, end - 1);
const manager = peer(whose).manager();

function forkInCluster() {
  process.execPath = java;
  cluster.setupPrimary({exec: main, execArgv: options, args});
  return cluster.fork();
}

function spawnChild() {
  return spawn(java, [...options, main, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

const worker = how === 'cluster' ? forkInCluster() : spawnChild();
manager.attach(worker);
worker.on('message', (message) => {
  if (message === 'tell') {
    console.log(manager.get('result'));
    worker.send('told');
  } else if (message === 'die') {
    process.exit(0);
  }
});
worker.on('exit', (code) => process.exit(code === null ? 1 : code));
