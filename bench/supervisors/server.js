// node server.js http|express|fastify PORT: answers with its process's number, after 20 ms.
'use strict';

const [kind, port] = process.argv.slice(2);
const later = (answer) => setTimeout(answer, 20, String(process.pid));
const servers = {
  http: () =>
    require('http').createServer((request, response) => later((text) => response.end(text)))
      .listen(Number(port), '127.0.0.1'),
  express: () =>
    require('express')().get('/', (request, response) => later((text) => response.send(text)))
      .listen(Number(port), '127.0.0.1'),
  fastify: () => {
    const app = require('fastify')();
    app.get('/', () => new Promise(later));
    app.listen({ port: Number(port), host: '127.0.0.1' });
  },
};
servers[kind]();
