// Accepted connections passed from one Node process to another.
//   node sockets.js drive BATCH WARM_MS RUN_MS   prints the rate, forks the other
//   node sockets.js take BATCH                   takes them, and says when it has a batch
'use strict';

const {fork} = require('child_process');
const {once} = require('events');
const net = require('net');

async function accepted(server, count) {
  const connections = [];
  const all = new Promise((resolve) => {
    server.on('connection', function add(connection) {
      connections.push(connection);
      if (connections.length === count) {
        server.removeListener('connection', add);
        resolve();
      }
    });
  });
  for (let i = 0; i < count; i++) {
    net.connect(server.address().port, '127.0.0.1').on('error', () => {}); // the taker resets it
  }
  await all;
  return connections;
}

async function rate(server, child, batch, ms) {
  const end = performance.now() + ms;
  let spent = 0;
  let passed = 0;
  while (performance.now() < end) {
    const connections = await accepted(server, batch);
    const begin = performance.now();
    connections.forEach((connection) => child.send('socket', connection));
    await once(child, 'message');
    spent += performance.now() - begin;
    passed += batch;
  }
  return passed * 1000 / spent;
}

async function drive(batch, warmMs, runMs) {
  const child = fork(__filename, ['take', batch]);
  const server = net.createServer({pauseOnConnect: true}).listen(0, '127.0.0.1', batch);
  await once(server, 'listening');
  await rate(server, child, batch, warmMs);
  console.log('rate', await rate(server, child, batch, runMs));
  process.exit();
}

function take(batch) {
  let taken = 0;
  process.on('message', (message, socket) => {
    socket.resetAndDestroy(); // leaves no port behind that waits
    if (++taken % batch === 0) {
      process.send('all');
    }
  });
}

const [, , act, ...numbers] = process.argv;
(act === 'take' ? take : drive)(...numbers.map(Number));
