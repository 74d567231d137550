// Echoes between two Node processes.
//   node echo.js drive AT_ONCE WARM_MS RUN_MS   prints the rate, forks the other
//   node echo.js echo                           sends back what comes
'use strict';

const {fork} = require('child_process');
const load = require('./load');

async function drive(atOnce, warmMs, runMs) {
  const child = fork(__filename, ['echo']);
  const text = 'x'.repeat(100);
  let done;
  let sent = 0;
  child.on('message', () => done());
  const call = (next) => {
    done = next;
    child.send({i: sent++, text});
  };
  await load(call, atOnce, warmMs);
  console.log('rate', await load(call, atOnce, runMs));
  child.disconnect();
}

const [, , act, ...numbers] = process.argv;
if (act === 'echo') {
  process.on('message', (message) => process.send(message));
} else {
  drive(...numbers.map(Number));
}
