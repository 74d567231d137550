// Echoes between Node and Node, for org.shareobject.ipc.EchoRate, which forks this and tells how
// many, and how many at once; it is told the time in nanoseconds. With the argument "echo" it
// sends back what comes.
'use strict';

const { fork } = require('child_process');

if (process.argv[2] === 'echo') {
  process.on('message', (message) => process.send(message));
} else {
  const child = fork(__filename, ['echo']);
  process.on('message', ({ count, atOnce, text }) => {
    const begin = process.hrtime.bigint();
    let sent = 0;
    let back = 0;
    child.on('message', function listen(message) {
      if (message.i !== back++) {
        throw new Error('out of order');
      }
      if (back === count) {
        child.removeListener('message', listen);
        process.send({ ns: Number(process.hrtime.bigint() - begin) });
      } else if (sent < count) {
        child.send({ i: sent++, text });
      }
    });
    while (sent < atOnce) {
      child.send({ i: sent++, text });
    }
  });
  process.on('disconnect', () => child.disconnect());
}
