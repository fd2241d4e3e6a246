// mqtt.js as a puppet; ../puppet.py has the language.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import mqtt from "mqtt";

const SCHEMES = { tcp: "mqtt", tls: "mqtts", ws: "ws", wss: "wss" };
const VERSIONS = { "3.1": 3, "3.1.1": 4, 5: 5 };

const clients = new Map();

function say(client, what) {
    process.stdout.write(JSON.stringify({ client, ...what }) + "\n");
}

function will({ topic, payload, qos, retain }) {
    return { topic, payload: Buffer.from(payload, "hex"), qos, retain };
}

function options(command) {
    const isFive = command.version === "5";
    return {
        protocolVersion: VERSIONS[command.version],
        protocolId: command.version === "3.1" ? "MQIsdp" : "MQTT",
        clientId: command.id,
        clean: command.clean,
        reconnectPeriod: 0,
        ...(isFive && { properties: { sessionExpiryInterval: command.expiry_s } }),
        ...(command.password !== null && { username: command.id, password: command.password }),
        ...(command.will && { will: will(command.will) }),
        ...(["tls", "wss"].includes(command.transport) && { ca: readFileSync(command.ca) }),
    };
}

function connect(command) {
    const number = command.client;
    const path = command.transport.startsWith("ws") ? "/mqtt" : "";
    const url = `${SCHEMES[command.transport]}://${command.host}:${command.port}${path}`;
    const client = mqtt.connect(url, options(command));
    clients.set(number, client);
    let isConnected = false;
    client.on("connect", (connack) => {
        isConnected = true;
        say(number, { connected: true, session_present: connack.sessionPresent });
    });
    client.on("error", (error) => {
        if (isConnected || error.code === undefined) {
            say(number, { error: String(error) });
        } else {
            say(number, { refused: error.code });
        }
    });
    client.on("message", (topic, payload, { qos, retain }) => {
        say(number, { message: { topic, payload: payload.toString("hex"), qos, retain } });
    });
}

const ACTIONS = {
    connect,
    subscribe({ client: number, filter, qos }) {
        clients.get(number).subscribe(filter, { qos }, (error, granted) => {
            say(number, error ? { error: String(error) } : { subscribed: granted[0].qos });
        });
    },
    publish({ client: number, topic, payload, qos, retain }) {
        const bytes = Buffer.from(payload, "hex");
        clients.get(number).publish(topic, bytes, { qos, retain }, (error) => {
            say(number, error ? { error: String(error) } : { published: true });
        });
    },
    disconnect({ client: number }) {
        clients.get(number).end(false, {}, () => say(number, { disconnected: true }));
    },
};

createInterface({ input: process.stdin }).on("line", (line) => {
    const command = JSON.parse(line);
    ACTIONS[command.do](command);
});
