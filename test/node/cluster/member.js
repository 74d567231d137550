// A worker of a cluster that listens on what it is told to: {name, kind, where} opens, {name}
// closes, the kind "fill" takes all descriptors. Each is answered by {name, address},
// {name, error} or {name, closed}.
'use strict';

const cluster = require('cluster');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const tls = require('tls');

const open = new Map();

function answer(socket) {
  socket.on('error', () => {});
  socket.end(`node ${cluster.worker.id}`);
}

function bind(name, options) {
  const socket = dgram.createSocket(options.type, (message, from) =>
    socket.send(`node ${cluster.worker.id} ${message}`, from.port, from.address));
  socket.on('listening', () => process.send({ name, address: socket.address() }));
  return socket.bind(options.port, options.address);
}

function listen(name, kind, options) {
  const server = kind === 'tls' ? tls.createServer() : net.createServer(answer);
  server.on('listening', () => {
    const keys = kind === 'tls' ? server.getTicketKeys().toString('hex') : undefined;
    process.send({ name, address: server.address(), keys });
  });
  return server.listen(options);
}

// Opens files until there is room for no more.
function fill() {
  try {
    for (;;) {
      fs.openSync('/dev/null');
    }
  } catch (error) {
    return error.code;
  }
}

process.on('message', ({ name, kind, where }) => {
  if (kind === 'fill') {
    process.send({ name, error: fill() });
    return;
  }
  if (!kind) {
    open.get(name).close(() => process.send({ name, closed: true }));
    return;
  }
  const socket = kind === 'udp' ? bind(name, where) : listen(name, kind, where);
  socket.on('error', (error) => process.send({ name, error: error.code }));
  open.set(name, socket);
});
