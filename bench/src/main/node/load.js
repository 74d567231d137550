// Keeps a number of calls on their way for some time; resolves to how many
// came back a second. The twin of process/Load.java.
'use strict';

module.exports = function load(call, atOnce, ms) {
  return new Promise((resolve) => {
    const begin = performance.now();
    let back = 0;
    let left = atOnce;
    const done = () => {
      back++;
      const passed = performance.now() - begin;
      if (passed < ms) {
        call(done);
      } else if (--left === 0) {
        resolve(back * 1000 / passed);
      }
    };
    for (let i = 0; i < atOnce; i++) {
      call(done);
    }
  });
};
