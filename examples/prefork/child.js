// A child: serves on the socket that its parent sends. Child.java is the same
// in Java; the parent may as well be Node.
'use strict';

const http = require('http');

const server = http.createServer((request, response) => {
  response.writeHead(200, {'Content-Type': 'text/plain'});
  response.end(`handled by child, pid is ${process.pid}\n`);
});

process.on('message', (message, tcp) => {
  if (message === 'server') {
    tcp.on('connection', (socket) => server.emit('connection', socket));
  }
});
process.on('disconnect', () => process.exit());
