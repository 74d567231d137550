// The classes of the text as they were published, word for word but for the
// comments: users send requests from workers, a manager answers in the master.
const cluster = require('cluster');

var User = function() {
    var self = this;
    self.__uuid__ = 0;

    self.__getCallbacks__ = {};

    process.on('message', function(data) {

        if (!data.isSharedMemoryMessage) return;
        var cb = self.__getCallbacks__[data.uuid];
        if (cb && typeof cb === 'function') {
            cb(data.value)
        }
        self.__getCallbacks__[data.uuid] = undefined;
    });
};

User.prototype.handle = function(method, key, value, callback) {

    var self = this;
    var uuid = self.__uuid__++;

    process.send({
        isSharedMemoryMessage: true,
        method: method,
        id: cluster.worker.id,
        uuid: uuid,
        key: key,
        value: value
    });

    self.__getCallbacks__[uuid] = callback;

};

User.prototype.set = function(key, value, callback) {
    this.handle('set', key, value, callback);
};

User.prototype.get = function(key, callback) {
    this.handle('get', key, null, callback);
};

var Manager = function() {

    var self = this;

    self.__sharedMemory__ = {};

    cluster.on('online', function(worker) {
        worker.on('message', function(data) {
            if (!data.isSharedMemoryMessage) return;
            self.handle(data);
        });
    });
};

Manager.prototype.handle = function(data) {
    var self = this;
    var value = this[data.method](data);

    var msg = {
        isSharedMemoryMessage: true,
        uuid: data.uuid,
        value: value
    };

    cluster.workers[data.id].send(msg);
};

Manager.prototype.set = function(data) {
    this.__sharedMemory__[data.key] = data.value;
    return 'OK';
};

Manager.prototype.get = function(data) {
    return this.__sharedMemory__[data.key];
};

module.exports = {Manager, User};
