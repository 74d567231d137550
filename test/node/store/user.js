// A worker whose master is a JVM: does what the arguments say by a user, then
// sends what came of it, and disconnects.
//   node user.js ours|published ID check OPERATIONS    sets and gets, half and half
//   node user.js ours|published ID call METHOD KEY     any method
'use strict';

const assert = require('assert');
const peer = require('./peer');

const [whose, id, act, ...args] = process.argv.slice(2);
const user = peer(whose).user(Number(id));

function report(result) {
  process.send({result}, () => process.disconnect());
}

// What a key is to hold: JSON of every kind.
function value(i) {
  return [i, `é😀${i}`, {i, deep: [[null, i / 7]]}, [], i % 2 === 0][i % 5];
}

async function check(operations) {
  const missing = user.call('get', `never ${id}`);
  let right = 0;
  const answers = [];
  for (let i = 0; i < operations / 2; i++) {
    const key = `${id}: ${i % 100}`;
    answers.push(
        user.call('set', key, value(i)).then((answer) => (right += answer === 'OK')),
        user.call('get', key).then((answer) => {
          assert.deepStrictEqual(answer, value(i));
          right++;
        }));
  }
  await Promise.all(answers);
  assert.strictEqual(await missing, undefined);
  report(right);
}

if (act === 'check') {
  check(Number(args[0]));
} else {
  user.call(args[0], args[1])
      .then(report, (failure) => report(`${failure.code}: ${failure.message}`));
}
