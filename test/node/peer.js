// Serves one request a line from standard input, each a JSON array: the name
// of a function of the addon and its arguments. Answers a JSON value a line.
'use strict';

const addon = require(process.argv[2]);
const lines = require('readline').createInterface({input: process.stdin});

lines.on('line', (line) => {
  const [name, ...args] = JSON.parse(line);
  console.log(JSON.stringify(addon[name](...args)));
});
