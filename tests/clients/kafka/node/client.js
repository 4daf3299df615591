// A partner's client in Node.js, with kafkajs: as python/client.py.
const fs = require("fs");
const { Kafka, logLevel } = require("kafkajs");

const [brokers, tls, name, topic, outcomes, count] = process.argv.slice(2);
const read = (file) => fs.readFileSync(`${tls}/${file}`, "utf-8");
const kafka = new Kafka({
  clientId: name,
  brokers: brokers.split(","),
  ssl: { ca: [read("ca.pem")], cert: read(`${name}.pem`), key: read(`${name}.key`) },
  // A broker that was just started, on a machine that has other things to do.
  connectionTimeout: 20000,
  retry: { retries: 10 },
  logLevel: logLevel.NOTHING,
});

async function main() {
  const messages = fs.readFileSync(0, "utf-8").split("\n").filter(Boolean).map((line) => {
    const { key, value, headers } = JSON.parse(line);
    return { key, value: Buffer.from(value, "base64"), headers };
  });
  const producer = kafka.producer();
  await producer.connect();
  for (const message of messages) await producer.send({ topic, acks: -1, messages: [message] });
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: `${name}-node` });
  await consumer.connect();
  await consumer.subscribe({ topic: outcomes, fromBeginning: true });
  let told = 0;
  await new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ message }) => {
        console.log(JSON.stringify({ key: message.key.toString(), ...JSON.parse(message.value) }));
        told += 1;
        if (told === Number(count)) resolve();
      },
    });
  });
  await consumer.disconnect();
}

const refused = (error) => console.log(JSON.stringify({ refused: (error.cause && error.cause.type) || error.type || error.name }));
// kafkajs ends its consumer, and nothing else, when it has failed too often.
process.on("beforeExit", () => refused({ name: "the consumer ended" }));
main().catch(refused).then(() => process.exit(0));
