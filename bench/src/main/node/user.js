// A manager in the primary of a cluster, and a user in its worker, which
// prints how often a second it gets or sets.
//   node user.js get|set AT_ONCE WARM_MS RUN_MS
'use strict';

const cluster = require('cluster');
const {Manager, User} = require('../../../../examples/manager/store');
const load = require('./load');

const [, , op, ...numbers] = process.argv;
const text = 'x'.repeat(100);

async function measure(atOnce, warmMs, runMs) {
  const user = new User(cluster.worker.id);
  const calls = {
    get: (done) => user.get('key').then(done),
    set: (done) => user.set('key', text).then(done),
  };
  await user.set('key', text);
  await load(calls[op], atOnce, warmMs);
  console.log('rate', await load(calls[op], atOnce, runMs));
  cluster.worker.disconnect();
}

if (cluster.isPrimary) {
  new Manager().attach(cluster.fork());
} else {
  measure(...numbers.map(Number));
}
