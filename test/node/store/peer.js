// The classes at Node's end, all with the same methods: ours, of the examples,
// or the published ones. Their text is not part of this repository: it is
// looked for in the files of the folder that SHO_PUBLISHED names.
'use strict';

const cluster = require('cluster');
const fs = require('fs');
const path = require('path');
const store = require('../../../examples/manager/store');

const ours = {
  user(id) {
    const user = new store.User(id);
    return {call: (method, key, value) => user[method](key, value)};
  },

  manager() {
    const manager = new store.Manager();
    return {attach: (worker) => manager.attach(worker), get: (key) => manager.store.get(key)};
  },
};

const published = {
  user(id) {
    cluster.worker = {id}; // where the class looks for its number
    const user = new (load().User)();
    return {
      call: (method, key, value) =>
        new Promise((resolve) => user.handle(method, key, value, resolve)),
    };
  },

  manager() {
    const manager = new (load().Manager)();
    return {
      // A child process is put where the class looks for workers.
      attach(worker) {
        if (!(worker instanceof cluster.Worker)) {
          cluster.workers[1] = worker;
          cluster.emit('online', worker);
        }
      },
      get: (key) => manager.__sharedMemory__[key],
    };
  },
};

function load() {
  const folder = process.env.SHO_PUBLISHED;
  const failures = [];
  for (const file of fs.readdirSync(folder).sort()) {
    try {
      return understand(fs.readFileSync(path.join(folder, file), 'utf8'));
    } catch (e) {
      failures.push(`${file}: ${e.message}`);
    }
  }
  throw new Error(`no file of ${folder} has the classes: ${failures.join('; ')}`);
}

function understand(text) {
  const classes = ['User', 'Manager'].map((name) => {
    const code = `\\n(var ${name} = function[^]*?\\n)(\\{% endhighlight|\`\`\`)`;
    const block = new RegExp(code).exec(text);
    if (!block) {
      throw new Error(`no class ${name}`);
    }
    return block[1];
  });
  return new Function('cluster', `${classes.join('')} return {Manager, User};`)(cluster);
}

module.exports = (whose) => ({ours, published})[whose];
