// A primary of Node's cluster whose workers are JVMs and Node.
// node primary.js FOLDER rr|none JAVA-COMMAND...; the class is
// org.shareobject.cluster.NodeClusterWorker.
'use strict';

const assert = require('assert');
const cluster = require('cluster');
const dgram = require('dgram');
const { once } = require('events');
const net = require('net');
const path = require('path');

const LOCAL = '127.0.0.1';
const CONNECTIONS = 2000;

if (cluster.isWorker) {
  const where = JSON.parse(process.argv[2]);
  const server = net.createServer((socket) => socket.end(`node ${cluster.worker.id}`));
  server.listen(...where);
  return;
}

const [folder, policy, java, ...options] = process.argv.slice(2);
const node = process.execPath;
cluster.schedulingPolicy = policy === 'rr' ? cluster.SCHED_RR : cluster.SCHED_NONE;

function forkNode(...where) {
  process.execPath = node;
  cluster.setupPrimary({ exec: __filename, execArgv: [], args: [JSON.stringify(where)] });
  return cluster.fork();
}

function forkJava(...args) {
  process.execPath = java;
  cluster.setupPrimary({
    exec: 'org.shareobject.cluster.NodeClusterWorker', execArgv: options, args: args.map(String),
  });
  return cluster.fork();
}

// One request; a connection that was handed to a worker that ends may be reset before it is
// answered only if the test kills workers, which it does not.
function ask(...where) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(...where);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (data) => (text += data));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

async function askMany(count, ...where) {
  const served = {};
  for (let left = count; left > 0; left -= 50) {
    const some = Array.from({ length: 50 }, () => ask(...where));
    for (const name of await Promise.all(some)) {
      served[name] = (served[name] || 0) + 1;
    }
  }
  return served;
}

async function freePort() {
  const server = net.createServer().listen(0, LOCAL);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(workers) {
  return Promise.all(workers.map((worker) => once(worker, 'listening')));
}

async function end(workers) {
  for (const worker of workers) {
    worker.disconnect();
    const [code, signal] = await once(worker, 'exit');
    assert.deepStrictEqual([code, signal, worker.exitedAfterDisconnect], [0, null, true]);
  }
}

const checks = {
  // One port, two JVMs and two Node processes.
  async port() {
    for (const host of [LOCAL, undefined]) {
      const port = await freePort();
      const where = host ? [port, host] : [port];
      const workers = [
        forkJava('listen', port, host || ''), forkJava('listen', port, host || ''),
        forkNode(...where), forkNode(...where),
      ];
      const online = once(workers[0], 'online');
      const told = await listening(workers);
      await online;
      for (const [address] of told) {
        assert.strictEqual(address.port, port);
        assert.strictEqual(address.addressType, 4);
      }
      const served = await askMany(CONNECTIONS, port, LOCAL);
      console.log(JSON.stringify(served));
      const names = workers.map((worker, i) => `${i < 2 ? 'java' : 'node'} ${worker.id}`);
      assert.deepStrictEqual(Object.keys(served).sort(), names.sort());
      assert.strictEqual(Object.values(served).reduce((a, b) => a + b), CONNECTIONS);
      // Those who stay take all.
      await end(workers.slice(0, 1));
      assert.strictEqual(Object.keys(await askMany(500, port, LOCAL)).length, 3);
      await end(workers.slice(2));
      assert.deepStrictEqual(await askMany(500, port, LOCAL), { [`java ${workers[1].id}`]: 500 });
      await end([workers[1]]);
      await assert.rejects(ask(port, LOCAL), { code: 'ECONNREFUSED' });
    }
  },

  async unixSocket() {
    const file = path.join(folder, 'cluster');
    const workers = [forkJava('unix', file), forkNode(file)];
    await listening(workers);
    const served = await askMany(500, file);
    assert.strictEqual(Object.keys(served).length, 2);
    await end(workers);
  },

  // The worker asks for any port, and is told which.
  async anyPort() {
    const workers = [forkJava('listen', 0, LOCAL)];
    const [[address]] = await listening(workers);
    assert.notStrictEqual(address.port, 0);
    assert.deepStrictEqual(await askMany(50, address.port, LOCAL), { [`java ${workers[0].id}`]: 50 });
    await end(workers);
  },

  async portThatIsTaken() {
    const taken = net.createServer().listen(0, LOCAL);
    await once(taken, 'listening');
    const worker = forkJava('listen', taken.address().port, LOCAL);
    const [message] = await once(worker, 'message');
    assert.match(message, /cannot listen/);
    taken.close();
    await end([worker]);
  },

  // Told to leave, it answers first; others have its port.
  async connectionInFlight() {
    const port = await freePort();
    const leaves = forkJava('finish', port, LOCAL);
    await listening([leaves]);
    const socket = net.connect(port, LOCAL).setEncoding('utf8');
    assert.deepStrictEqual(await once(leaves, 'message'), ['connected', undefined]);
    leaves.disconnect();
    assert.deepStrictEqual(await once(leaves, 'message'), ['finishing', undefined]);
    assert(leaves.isConnected());
    socket.write('late\n');
    assert.deepStrictEqual(await once(socket, 'data'), ['late']);
    assert.deepStrictEqual(await once(leaves, 'exit'), [0, null]);
  },

  async datagrams() {
    const port = await freePort();
    const worker = forkJava('bind', port, LOCAL);
    await listening([worker]);
    const client = dgram.createSocket('udp4');
    client.send('hello', port, LOCAL);
    const [answer] = await once(client, 'message');
    assert.strictEqual(String(answer), `java ${worker.id}`);
    client.close();
    worker.kill();
    await once(worker, 'exit');
  },

  async messages() {
    const worker = forkJava('echo');
    await once(worker, 'online');
    worker.send({ hello: 'worker' });
    const [message] = await once(worker, 'message');
    assert.deepStrictEqual(message, { hello: 'worker' });
    await end([worker]);
  },

  async workerLeaves() {
    const worker = forkJava('leave', 0, LOCAL);
    await once(worker, 'disconnect');
    assert.strictEqual(worker.exitedAfterDisconnect, true);
    const [code] = await once(worker, 'exit');
    assert.strictEqual(code, 0);
  },
};

(async () => {
  for (const [name, check] of Object.entries(checks)) {
    const begin = Date.now();
    await check();
    console.log(`${name}, ${Date.now() - begin} ms`);
  }
  console.log('all');
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
