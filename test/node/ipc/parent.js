// Forks a JVM and does with it what Node does with a Node child.
// node parent.js FOLDER JAVA-COMMAND...; the class is org.shareobject.ipc.NodeWorker.
'use strict';

const assert = require('assert');
const { fork } = require('child_process');
const dgram = require('dgram');
const { once } = require('events');
const net = require('net');
const path = require('path');

const [folder, java, ...options] = process.argv.slice(2);
const LOCAL = '127.0.0.1';

const values = [
  null, true, false, 0, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 9007199254740993,
  2 ** 53, '', 'é€😀', '\u0000\n\r\t"\\/\u2028\u007f', '\ud800 lone \udc00', [], {},
  [1, null, 'two', [3.5], { four: false }], { '': '', '\ud83d': 1, 'né\nw': 2 }, { cmd: 'NODE_' },
];

function start() {
  return fork('org.shareobject.ipc.NodeWorker', [], { execPath: java, execArgv: options });
}

async function next(child) {
  const [message, handle] = await once(child, 'message');
  return { message, handle };
}

// Messages come faster than once() can be called again.
function collect(child, count) {
  return new Promise((resolve) => {
    const all = [];
    child.on('message', function listen(message, handle) {
      all.push({ message, handle });
      if (all.length === count) {
        child.removeListener('message', listen);
        resolve(all);
      }
    });
  });
}

function read(socket) {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (data) => (text += data));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

async function listen(...where) {
  const server = net.createServer({ pauseOnConnect: true });
  server.listen(...where);
  await once(server, 'listening');
  return server;
}

function connect(server) {
  const address = server.address();
  return typeof address === 'string' ? net.connect(address) : net.connect(address.port, LOCAL);
}

const checks = {
  async json(child) {
    const answers = collect(child, values.length);
    values.forEach((value) => child.send({ task: 'echo', value }));
    const got = (await answers).map((answer) => answer.message);
    assert.deepStrictEqual(got, JSON.parse(JSON.stringify(values)));
  },

  async large(child) {
    for (const length of [1 << 20, 20 << 20]) {
      const value = 'é'.repeat(length / 2);
      const answer = next(child);
      child.send({ task: 'echo', value });
      assert.strictEqual((await answer).message, value);
    }
  },

  async pipeline(child) {
    const answers = collect(child, 20000);
    for (let i = 0; i < 20000; i++) {
      child.send({ task: 'echo', value: i });
    }
    (await answers).forEach((answer, i) => assert.strictEqual(answer.message, i));
  },

  async server(child) {
    for (const where of [[0, LOCAL], [path.join(folder, 'server')]]) {
      const server = await listen(...where);
      // Both accept; the system decides who gets which.
      server.on('connection', (socket) => socket.end('from node'));
      for (const handle of [server, server._handle]) {
        const ready = next(child);
        child.send({ task: 'serve' }, handle);
        assert.strictEqual((await ready).message, 'serving');
        let text;
        do {
          text = await read(connect(server));
        } while (text === 'from node');
        assert.strictEqual(text, 'from java');
      }
      server.close();
    }
  },

  // First of the checks with servers: Node takes servers that ask for any port for one.
  async counts(child) {
    const server = await listen(0, LOCAL);
    server.on('connection', (socket) => child.send({ task: 'hold' }, socket));
    const clients = [];
    const held = collect(child, 50);
    for (let i = 0; i < 50; i++) {
      clients.push(connect(server));
    }
    await held;
    const count = () => new Promise((resolve, reject) => {
      server.getConnections((error, number) => (error ? reject(error) : resolve(number)));
    });
    assert.strictEqual(await count(), 50);
    const ends = clients.map((client) => read(client));
    let isClosed = false;
    const closed = new Promise((resolve) => server.close(resolve)).then(() => (isClosed = true));
    await checks.json(child);
    assert(!isClosed);
    child.send({ task: 'release' });
    await Promise.all(ends);
    await closed;
  },

  async sockets(child) {
    const server = await listen(0, LOCAL);
    server.on('connection', (socket) => child.send({ task: 'answer' }, socket));
    const texts = [];
    for (let i = 0; i < 300; i++) {
      texts.push(read(connect(server)));
    }
    assert.deepStrictEqual(await Promise.all(texts), Array(300).fill('java has it'));
    await new Promise((resolve) => server.close(resolve));
  },

  async keepOpen(child) {
    const server = await listen(0, LOCAL);
    const client = connect(server);
    const text = read(client);
    const [socket] = await once(server, 'connection');
    child.send({ task: 'write' }, socket, { keepOpen: true });
    await next(child);
    socket.end('and node');
    assert.strictEqual(await text, 'java and node');
    server.close();
  },

  async datagrams(child) {
    for (const [type, host] of [['udp4', LOCAL], ['udp6', '::1']]) {
      const socket = dgram.createSocket(type);
      socket.bind(0, host);
      await once(socket, 'listening');
      const ready = next(child);
      child.send({ task: 'datagram' }, socket);
      await ready;
      const { port } = socket.address();
      socket.close();
      const client = dgram.createSocket(type);
      client.send('hello', port, host);
      const [answer] = await once(client, 'message');
      assert.strictEqual(String(answer), 'java got hello');
      client.close();
    }
  },

  // A server, a connection and a datagram socket that the JVM made.
  async javaHandles(child) {
    let answer = next(child);
    child.send({ task: 'give', what: 'server' });
    const { handle: server } = await answer;
    assert(server instanceof net.Server);
    server.on('connection', (socket) => socket.end('from node'));
    assert.strictEqual(await read(connect(server)), 'from node');
    server.close();

    answer = next(child);
    child.send({ task: 'give', what: 'socket' });
    const { handle: socket } = await answer;
    assert(socket instanceof net.Socket);
    socket.end('to java');
    assert.strictEqual((await next(child)).message, 'to java');

    for (const type of ['udp4', 'udp6']) {
      answer = next(child);
      child.send({ task: 'give', what: type });
      const { handle: datagram } = await answer;
      assert(datagram instanceof dgram.Socket);
      assert.strictEqual(datagram.type, type);
      datagram.close();
    }
  },

  async both(child) {
    const server = await listen(0, LOCAL);
    const answers = collect(child, 100);
    server.on('connection', (socket) => child.send({ task: 'return' }, socket));
    const texts = [];
    for (let i = 0; i < 100; i++) {
      texts.push(read(connect(server)));
    }
    for (const { handle } of await answers) {
      handle.end('there and back');
    }
    assert.deepStrictEqual(await Promise.all(texts), Array(100).fill('there and back'));
    server.close();
  },

  async nodeDisconnects(child) {
    child.disconnect();
    const [code, signal] = await once(child, 'exit');
    assert.deepStrictEqual([code, signal], [0, null]);
  },

  async javaDisconnects(child) {
    const last = next(child);
    const end = once(child, 'disconnect');
    const exit = once(child, 'exit');
    child.send({ task: 'disconnect' });
    assert.strictEqual((await last).message, 'before the end');
    await end;
    assert.strictEqual(child.connected, false);
    assert.deepStrictEqual(await exit, [0, null]);
  },

  async killed(child) {
    const end = once(child, 'disconnect');
    child.kill('SIGKILL');
    await end;
  },
};

(async () => {
  let child = start();
  for (const [name, check] of Object.entries(checks)) {
    const begin = Date.now();
    await check(child);
    console.log(`${name}, ${Date.now() - begin} ms`);
    if (!child.connected) {
      child = start();
    }
  }
  child.kill('SIGKILL');
  console.log('all');
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
