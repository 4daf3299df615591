'use strict';
// A caller of the API over @grpc/grpc-js, which reads the .proto files as it starts: calls read as lines of JSON, what came
// back printed as such. Usage: client.js PROTO, with TRIGPOINT_SERVER and, for TLS, TRIGPOINT_CA. The lines:
// tests/clients/caller.py.
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

// Instants and durations as in the JSON of Protobuf.
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
function read(_, value) {
  if (typeof value !== 'string' || !INSTANT.test(value)) return value;
  const ms = Date.parse(value);
  return { seconds: Math.floor(ms / 1000), nanos: (((ms % 1000) + 1000) % 1000) * 1e6 };
}
function shown(key, value) {
  if (typeof value?.seconds !== 'string') return value;
  if (key === 'retry_delay') return `${value.seconds}s`;
  return new Date(Number(value.seconds) * 1000 + (value.nanos ?? 0) / 1e6).toISOString();
}

const root = process.argv[2];
const FORM = { keepCase: true, longs: String, enums: String, bytes: String, includeDirs: [root] };
const api = grpc.loadPackageDefinition(
  loader.loadSync(['trigpoint/v1/api.proto', 'grpc/health/v1/health.proto'], FORM),
);
const rpc = new protobuf.Root();
rpc.resolvePath = (_, target) => (fs.existsSync(path.join(root, target)) ? path.join(root, target) : target);
rpc.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto'], { keepCase: true });

const tell = (line) => process.stdout.write(`${JSON.stringify(line, shown)}\n`);

/** The google.rpc.Status of a failed call, or null. */
function statusOf(metadata) {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (bytes === undefined) return null;
  const status = rpc.lookupType('google.rpc.Status').decode(bytes);
  const details = status.details.map((any) => {
    const type = rpc.lookupType(any.type_url.split('/').pop());
    return { '@type': any.type_url, ...type.toObject(type.decode(any.value), { longs: String }) };
  });
  return { code: status.code, message: status.message, details };
}

const authority = process.env.TRIGPOINT_CA;
const channel = authority
  ? grpc.credentials.createSsl(fs.readFileSync(authority))
  : grpc.credentials.createInsecure();
const clients = {};

function start(line) {
  const [service, method] = line.call.split('/');
  const Client = service.split('.').reduce((at, name) => at[name], api);
  clients[service] ??= new Client(process.env.TRIGPOINT_SERVER, channel);
  const client = clients[service];
  const metadata = new grpc.Metadata({ waitForReady: true });
  const options = { deadline: Date.now() + (line.timeout ?? 60) * 1000 };
  if (line.token !== undefined && authority) {
    options.credentials = grpc.credentials.createFromMetadataGenerator((_, done) => {
      const held = new grpc.Metadata();
      held.set('authorization', `Bearer ${line.token}`);
      done(null, held);
    });
  } else if (line.token !== undefined) {
    metadata.set('authorization', `Bearer ${line.token}`);
  }
  const fail = (error) =>
    tell({
      id: line.id,
      end: { code: grpc.status[error.code], message: error.details, status: statusOf(error.metadata) },
    });
  const form = Client.service[method];
  if (!form.requestStream && !form.responseStream) {
    return client[method](line.request, metadata, options, (error, message) => {
      if (error) return fail(error);
      tell({ id: line.id, message });
      return tell({ id: line.id, end: { code: 'OK' } });
    });
  }
  const call = form.requestStream ? client[method](metadata, options) : client[method](line.request, metadata, options);
  call.on('data', (message) => tell({ id: line.id, message }));
  call.on('error', fail);
  call.on('status', (status) => status.code === grpc.status.OK && tell({ id: line.id, end: { code: 'OK' } }));
  return call;
}

const calls = new Map();
readline
  .createInterface({ input: process.stdin })
  .on('line', (text) => {
    const line = JSON.parse(text, read);
    if (line.call) calls.set(line.id, start(line));
    else if (line.send) calls.get(line.id).write(line.send);
    else if (line.close) calls.get(line.id).end();
    else calls.get(line.id).cancel();
  })
  .on('close', () => process.exit(0));
