// A worker with a user, the published class. UserWorker.java is the same in
// Java; the manager may as well be Node's.
'use strict';

const cluster = require('cluster');
const {User} = require('./published');

const id = Number(process.argv[2]);
cluster.worker = {id}; // as if Node's cluster had forked it
const user = new User();

// The class has names for get and set only; handle takes any method.
function call(method, key, value) {
  return new Promise((resolve) => user.handle(method, key, value, resolve));
}

async function main() {
  let answer = await call('set', `worker ${id}`, {in: 'Node'});
  let value = await call('get', `worker ${id}`);
  console.log(`user ${id}: set: ${answer}, get: ${JSON.stringify(value)}`);

  await call('set', `scratch ${id}`, 'soon gone');
  answer = await call('remove', `scratch ${id}`);
  value = await call('get', `scratch ${id}`);
  console.log(`user ${id}: remove: ${answer}, get: ${value}`);

  for (let i = 0; i < 100; i++) {
    await call('plusOne', 'visits');
  }
  process.disconnect();
}

main();
