// SPDX-License-Identifier: BSD-3-Clause
// The driver of node's memcached; README.md describes its command line. Settings are the
// options of its constructor as JSON. The module is found through NODE_PATH.
'use strict';
const fs = require('fs');

function lines(path) {
  return fs.readFileSync(path, 'utf8').replace(/\n$/, '').split('\n');
}

function servers(path) {
  const weights = {};
  for (const line of lines(path)) {
    const [host, port, weight] = line.split('\t');
    weights[port === '0' ? host : `${host}:${port}`] = Number(weight);
  }
  return weights;
}

function store(client, key) {
  return new Promise((resolve, reject) => {
    client.set(key, key, 0, (error) => (error ? reject(error) : resolve()));
  });
}

function load(client, key) {
  return new Promise((resolve, reject) => {
    client.get(key, (error, value) => (error ? reject(error) : resolve(value)));
  });
}

async function main([verb, settings, serversPath, keysPath]) {
  const Memcached = require('memcached');
  const client = new Memcached(servers(serversPath), JSON.parse(settings));
  const values = [];
  for (const key of lines(keysPath)) {
    if (verb === 'load') {
      values.push((await load(client, key)) || '');
    } else {
      await store(client, key);
    }
  }
  client.end();
  if (verb === 'load') {
    fs.writeSync(1, values.join('\n') + '\n');
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`peer.js: ${error}`);
  process.exit(1);
});
