// A Node process that a JVM forked. Does what each message asks for.
'use strict';

const assert = require('assert');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');

const LOCAL = '127.0.0.1';

// What JSON can say, as Node writes it. The JVM has the same list.
const values = [
  null, true, false, 0, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 9007199254740993,
  2 ** 53, '', 'é€😀', '\u0000\n\r\t"\\/\u2028\u007f', '\ud800 lone \udc00', [], {},
  [1, null, 'two', [3.5], { four: false }], { '': '', '\ud83d': 1, 'né\nw': 2 }, { cmd: 'NODE_' },
];

// Until then Node accepts, too.
function closeAndTell(server) {
  server.close(() => process.send('closed'));
}

const tasks = {
  echo(message, handle) {
    process.send(message.value, handle);
  },

  values() {
    values.forEach((value) => process.send(value));
  },

  large(message) {
    process.send('x'.repeat(message.length));
  },

  // A net.Server that the JVM shares.
  serve(message, server) {
    assert(server instanceof net.Server);
    server.on('connection', (socket) => {
      socket.end('from node');
      server.close();
    });
    process.send({ serving: server.address() });
  },

  // A net.Socket that the JVM gave away.
  answer(message, socket) {
    assert(socket instanceof net.Socket);
    socket.end(message.text);
  },

  // A dgram.Socket that the JVM shares.
  datagram(message, socket) {
    assert(socket instanceof dgram.Socket);
    assert.strictEqual(socket.type, message.type);
    socket.on('message', (text, from) => {
      socket.send(`node got ${text}`, from.port, from.address, () => socket.close());
    });
    process.send({ bound: socket.address() });
  },

  // The other way round: a server, its connections, and what Node wants to know of them.
  listen(message) {
    const server = net.createServer();
    server.listen(message.path || 0, message.path ? undefined : LOCAL, () => {
      if (message.path) {
        fs.linkSync(message.path, `${message.path}.kept`); // for close() removes it
      }
      process.send('server', server, () => closeAndTell(server));
    });
  },

  native() {
    const server = net.createServer();
    server.listen(0, LOCAL, () => {
      process.send('native', server._handle, () => closeAndTell(server));
    });
  },

  bind(message) {
    const socket = dgram.createSocket(message.type);
    socket.bind(0, message.type === 'udp4' ? LOCAL : '::1', () => {
      process.send(message.type, socket, () => socket.close());
    });
  },

  connections(message) {
    const server = net.createServer();
    let sent = 0;
    server.on('connection', (socket) => {
      process.send({ socket: sent++ }, socket);
    });
    server.listen(0, LOCAL, () => process.send({ port: server.address().port }));
    tasks.count = () => server.getConnections((error, count) => process.send({ error, count }));
    tasks.close = () => server.close(() => process.send('closed'));
  },

  disconnect() {
    process.send('before the end', () => process.disconnect());
  },

  nothing() {},

  exit(message) {
    process.exit(message.code);
  },
};

process.on('message', (message, handle) => tasks[message.task](message, handle));
