// What Node copies of `shareobject fork` load before their program. A copy that is to disconnect
// tells its HTTP clients to connect again, and stays until its program has had the signal.
'use strict';

const { isMainThread } = require('worker_threads');

// Longer than the primary takes to notice the end of the channel and to send the signal.
const SIGNAL_WITHIN_MS = 10000;

if (isMainThread) {
  leaveEnvironment();
  const signal = process.env.SHAREOBJECT_STOP_SIGNAL;
  delete process.env.SHAREOBJECT_STOP_SIGNAL;
  if (require('cluster').isWorker) {
    leaveConnections();
    if (signal) {
      awaitSignal(signal);
    }
  }
}

// Children of the program are no copies.
function leaveEnvironment() {
  const own = '--require ' + JSON.stringify(__filename);
  const others = (process.env.NODE_OPTIONS || '').replace(own, '').trim();
  if (others) {
    process.env.NODE_OPTIONS = others;
  } else {
    delete process.env.NODE_OPTIONS;
  }
}

function leaveConnections() {
  const servers = new Set();
  const unanswered = new Set();
  let isLeaving = false;
  // From Node 18.7 on; an earlier one keeps its connections for a while.
  require('diagnostics_channel').subscribe?.('http.server.request.start', (event) => {
    const { response, server } = event;
    if (isLeaving) {
      response.shouldKeepAlive = false;
      return;
    }
    if (!servers.has(server)) {
      servers.add(server);
      server.once('close', () => servers.delete(server));
    }
    unanswered.add(response);
    response.once('close', () => unanswered.delete(response));
  });
  process.on('internalMessage', (message) => {
    if (message.cmd !== 'NODE_CLUSTER' || message.act !== 'disconnect') {
      return;
    }
    isLeaving = true;
    for (const response of unanswered) {
      response.shouldKeepAlive = false;
    }
    // Node 18 does not do so when a server closes.
    servers.forEach((server) => server.closeIdleConnections?.());
  });
}

// A program that waits for nothing would end before the signal comes.
function awaitSignal(signal) {
  process.once('disconnect', () => {
    if (process.listenerCount(signal) > 0) {
      const wait = setTimeout(() => {}, SIGNAL_WITHIN_MS);
      process.once(signal, () => clearTimeout(wait));
    }
  });
}
