// A worker with a user. UserWorker.java is the same in Java; the manager may
// be Node's as well.
'use strict';

const {User} = require('./store');

const id = Number(process.argv[2]);
const user = new User(id);

async function main() {
  let answer = await user.set(`worker ${id}`, {in: 'Node'});
  let value = await user.get(`worker ${id}`);
  console.log(`user ${id}: set: ${answer}, get: ${JSON.stringify(value)}`);

  await user.set(`scratch ${id}`, 'soon gone');
  answer = await user.remove(`scratch ${id}`);
  value = await user.get(`scratch ${id}`);
  console.log(`user ${id}: remove: ${answer}, get: ${value}`);

  for (let i = 0; i < 100; i++) {
    await user.plusOne('visits');
  }
  process.disconnect();
}

main();
