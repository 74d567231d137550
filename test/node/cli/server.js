// A plain server. It knows nothing of who starts it.
// node server.js PORT; /slow answers later.
'use strict';

const http = require('http');

const [port] = process.argv.slice(2);
const DELAY_MS = 500;

http
  .createServer((request, response) => {
    const answer = () => response.end(`${process.pid}`);
    if (request.url === '/slow') {
      console.log('answers later');
      setTimeout(answer, DELAY_MS);
    } else {
      answer();
    }
  })
  .listen(port, '127.0.0.1');
