// The manager and the user of docs/wire.md for Node. Either may have a JVM at
// the other end.
'use strict';

// Sets and gets what the parent keeps. Each method returns a promise, which is
// rejected if the manager refuses the request or is gone.
class User {
  #id;
  #last = 0;
  #pending = new Map();

  // The id is this worker's number, cluster.worker.id in a cluster.
  constructor(id) {
    this.#id = id;
    process.on('message', (message) => this.#receive(message));
    process.on('disconnect', () => this.#end());
  }

  get(key) {
    return this.#ask('get', key);
  }

  set(key, value) {
    return this.#ask('set', key, value);
  }

  setAll(pairs) {
    return this.#ask('set', undefined, pairs);
  }

  remove(key) {
    return this.#ask('remove', key);
  }

  plusOne(key) {
    return this.#ask('plusOne', key);
  }

  #ask(method, key, value) {
    const uuid = ++this.#last;
    const request = {isSharedMemoryMessage: true, method, id: this.#id, uuid, key, value};
    return new Promise((resolve, reject) => {
      this.#pending.set(uuid, {resolve, reject});
      process.send(request, (failure) => {
        if (failure) {
          this.#pending.delete(uuid);
          reject(failure);
        }
      });
    });
  }

  #receive(message) {
    const request = isOurs(message) && this.#pending.get(message.uuid);
    if (!request) {
      return;
    }
    this.#pending.delete(message.uuid);
    if (message.error) {
      const {code, message: text} = message.error;
      request.reject(Object.assign(new Error(text), {code}));
    } else {
      request.resolve(message.value);
    }
  }

  #end() {
    for (const {reject} of this.#pending.values()) {
      reject(new Error('not answered: the manager is gone'));
    }
    this.#pending.clear();
  }
}

// Keeps what the users of all attached workers set.
class Manager {
  store = new Map();

  // A worker is what cluster.fork or child_process.fork returned.
  attach(worker) {
    worker.on('message', (message) => {
      if (isOurs(message)) {
        worker.send(this.#answer(message), () => {}); // nobody needs it if the worker is gone
      }
    });
  }

  #answer({method, uuid, key, value}) {
    const answer = {isSharedMemoryMessage: true, uuid};
    try {
      answer.value = this.#perform(method, key, value);
    } catch (e) {
      answer.error = {code: 'SHO_EINVAL', message: e.message};
      answer.value = method === 'get' ? undefined : `refused: ${e.message}`;
    }
    return answer;
  }

  #perform(method, key, value) {
    switch (method) {
      case 'get':
        return this.store.get(name(key));
      case 'set':
        return this.#set(key, value);
      case 'remove':
        this.store.delete(name(key));
        return 'OK';
      case 'plusOne':
        return this.#plusOne(name(key));
      default:
        throw new Error(`there is no method ${JSON.stringify(method)}`);
    }
  }

  #set(key, value) {
    if (key === undefined) {
      this.#setAll(value);
    } else if (value === undefined) {
      this.store.delete(name(key));
    } else {
      this.store.set(name(key), value);
    }
    return 'OK';
  }

  #setAll(pairs) {
    if (typeof pairs !== 'object' || pairs === null || Array.isArray(pairs)) {
      throw new Error('a set without a key needs an object of pairs as value');
    }
    for (const [key, value] of Object.entries(pairs)) {
      this.store.set(key, value);
    }
  }

  #plusOne(key) {
    const value = this.store.has(key) ? this.store.get(key) : 0;
    if (typeof value !== 'number') {
      throw new Error(`'${key}' is not a number`);
    }
    this.store.set(key, value + 1);
    return value + 1;
  }
}

function isOurs(message) {
  return typeof message === 'object' && message !== null && message.isSharedMemoryMessage === true;
}

function name(key) {
  if (!['string', 'number', 'boolean'].includes(typeof key)) {
    throw new Error('a key must be a text');
  }
  return String(key);
}

module.exports = {Manager, User};
