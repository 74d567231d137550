// Echoes over many channels of one process. The twin of Channels.java.
'use strict';

const {spawn} = require('child_process');
const fs = require('fs');

const PAUSE_MS = 1000;
const MESSAGE = {i: 1, text: 'x'.repeat(100)};
const [count, millis] = process.argv.slice(2).map(Number);
const children = [];
let came = 0;
let active = 0;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function open(number) {
  const child = spawn('sh', ['-c', 'exec cat <&3 >&3'],
    {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
  child.on('message', (message) => {
    came++;
    if (number < active) {
      child.send(message);
    }
  });
  children.push(child);
}

function status() {
  const text = fs.readFileSync('/proc/self/status', 'utf8');
  const value = (name) => Number(new RegExp(`${name}:\\s*(\\d+)`).exec(text)[1]);
  return `${value('VmRSS') >> 10} MB, ${value('Threads')} threads`;
}

async function measure(what, channels, atOnce) {
  active = channels;
  for (const child of children.slice(0, channels)) {
    for (let i = 0; i < atOnce; i++) {
      child.send(MESSAGE);
    }
  }
  const before = came;
  const begin = performance.now();
  await sleep(millis);
  const rate = Math.round((came - before) * 1000 / (performance.now() - begin));
  console.log(`${what}: ${rate} echoes/s, ${status()}`);
  active = 0;
  await sleep(PAUSE_MS);
}

(async () => {
  for (let i = 0; i < count; i++) {
    open(i);
  }
  await sleep(2 * PAUSE_MS);
  console.log(`idle: ${status()}`);
  for (let round = 0; round < 2; round++) {
    await measure('1 channel, 1 at once', 1, 1);
    await measure('1 channel, 50 at once', 1, 50);
    await measure(`${count} channels, 1 at once each`, count, 1);
  }
  process.exit();
})();
