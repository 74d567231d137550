// What Node copies of `shareobject fork` load before their program. A copy that is to disconnect
// tells its HTTP clients to connect again, and stays until its program has had the signal.
'use strict';

const { ChildProcess } = require('child_process');
const { realpathSync } = require('fs');
const { isMainThread } = require('worker_threads');

// Longer than the primary takes to notice the end of the channel and to send the signal.
const SIGNAL_WITHIN_MS = 10000;

// Programs of Node that start the one that is meant.
const LAUNCHER = new RegExp(
  '/(node_modules|nodejs|corepack/v\\d+)/' +
  '(npm|pnpm|yarn|corepack|nodemon|tsx|cross-env|dotenv-cli|env-cmd)/');

if (isMainThread) {
  const own = leaveEnvironment();
  const cluster = require('cluster');
  if (cluster.isWorker && isLauncher()) {
    passChannelOn(own, String(cluster.worker.id));
    // What it listens on is its own.
    cluster.isWorker = false;
    cluster.isPrimary = true;
  } else if (cluster.isWorker) {
    leaveConnections();
    if (own.SHAREOBJECT_STOP_SIGNAL) {
      awaitSignal(own.SHAREOBJECT_STOP_SIGNAL);
    }
    if (String(process.ppid) !== own.SHAREOBJECT_PID) {
      endWhenDone(cluster);
    }
  }
}

// It is one of a script's programs. Others may follow, so it is to wait for the primary only if it
// listens.
function endWhenDone(cluster) {
  let listeners = process.listenerCount('disconnect') + process.listenerCount('message');
  for (; listeners > 0; listeners--) {
    process.channel.unrefCounted();
  }
  const { _getServer: getServer } = cluster;
  cluster._getServer = function (...args) {
    process.channel?.refCounted();
    return getServer.apply(this, args);
  };
}

function isLauncher() {
  try {
    return LAUNCHER.test(realpathSync(process.argv[1]));
  } catch {
    return false;
  }
}

// What a launcher starts is the copy, or starts it. The launcher itself reads nothing.
function passChannelOn(own, id) {
  const symbol = Object.getOwnPropertySymbols(process)
    .find(({ description }) => description === 'kChannelHandle');
  const handle = process[symbol];
  if (!handle) {
    return; // a Node that keeps it elsewhere
  }
  handle.readStop();
  process.channel.unref();
  const { spawn } = ChildProcess.prototype;
  ChildProcess.prototype.spawn = function (options) {
    const given = options.stdio || 'pipe';
    const stdio = typeof given === 'string' ? [given, given, given] : [...given];
    let place = stdio.indexOf('ipc');
    place = place < 0 ? Math.max(3, stdio.length) : place;
    while (stdio.length < place) {
      stdio.push('ignore');
    }
    stdio[place] = handle.fd;
    const names = [
      'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID', 'NODE_OPTIONS',
    ];
    const pairs = (options.envPairs || []).filter((pair) => !names.includes(pair.split('=')[0]));
    const others = (options.envPairs || []).find((pair) => pair.startsWith('NODE_OPTIONS='));
    pairs.push(
      'NODE_CHANNEL_FD=' + place, 'NODE_CHANNEL_SERIALIZATION_MODE=json', 'NODE_UNIQUE_ID=' + id,
      (others || 'NODE_OPTIONS=') + ' --require ' + JSON.stringify(__filename),
      ...Object.entries(own).map(([name, value]) => name + '=' + value));
    return spawn.call(this, { ...options, stdio, envPairs: pairs });
  };
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
  const values = {};
  for (const name of ['SHAREOBJECT_STOP_SIGNAL', 'SHAREOBJECT_PID']) {
    if (process.env[name]) {
      values[name] = process.env[name];
      delete process.env[name];
    }
  }
  return values;
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
