// A Node worker on a shared port, as PortWorker.java: tells its parent of each
// connection that it accepted, then answers the line that comes with its pid.
'use strict';

process.on('message', (message, server) => {
  if (server) {
    server.on('connection', (socket) => {
      process.send({accepted: socket.remotePort});
      socket.on('error', () => {});
      socket.once('data', () => socket.end(`${process.pid}\n`));
    });
  }
  process.send(message);
});
process.on('disconnect', () => process.exit());
