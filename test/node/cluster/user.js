// A worker whose master is a JVM: does what the arguments say by the
// published User, then sends what came of it, and disconnects.
//   node user.js ID check OPERATIONS    sets and gets, half and half
//   node user.js ID call METHOD KEY     any method
'use strict';

const assert = require('assert');
const cluster = require('cluster');
const {User} = require('../../../examples/manager/published');

const [id, act, ...args] = process.argv.slice(2);
cluster.worker = {id: Number(id)}; // what Node's cluster would do
const user = new User();

function report(result) {
  process.send({result}, () => process.disconnect());
}

// What a key is to hold: JSON of every kind.
function value(i) {
  return [i, `é😀${i}`, {i, deep: [[null, i / 7]]}, [], i % 2 === 0][i % 5];
}

function check(operations) {
  const missing = {};
  user.get(`never ${id}`, (found) => (missing.found = found));
  let right = 0;
  let left = operations;
  const count = (isRight) => {
    right += isRight;
    if (--left === 0) {
      assert.deepStrictEqual(missing, {found: undefined});
      report(right);
    }
  };
  for (let i = 0; i < operations / 2; i++) {
    const key = `${id}: ${i % 100}`;
    user.set(key, value(i), (answer) => count(answer === 'OK'));
    user.get(key, (answer) => {
      try {
        assert.deepStrictEqual(answer, value(i));
        count(true);
      } catch {
        count(false);
      }
    });
  }
}

if (act === 'check') {
  check(Number(args[0]));
} else {
  user.handle(args[0], args[1], null, report);
}
