/* Just enough of an MQTT server for the mock: CONNECT with a key as password, PUBLISH with QoS
   0 and 1, SUBSCRIBE, PINGREQ, DISCONNECT. It lets the snippets of the Connect page be tried. */

import net from 'node:net';

export function startMiniMqtt(world, port) {
    const server = net.createServer((socket) => {
        const client = { world, socket, id: null, buffer: Buffer.alloc(0), isV5: false };
        socket.on('data', (data) => {
            client.buffer = Buffer.concat([client.buffer, data]);
            while (takePacket(client)) {
                /* as many as arrived */
            }
        });
        socket.on('close', () => client.id && world.disconnect(client.id, 'connection closed'));
        socket.on('error', () => {});
    });
    return new Promise((resolve) => {
        server.listen(port, '127.0.0.1', () => resolve({ port: server.address().port, server }));
    });
}

function takePacket(client) {
    const { buffer } = client;
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7) {
        if (at >= buffer.length) return false;
        length |= (buffer[at] & 127) << shift;
        at += 1;
        if ((buffer[at - 1] & 128) === 0) break;
    }
    if (buffer.length < at + length) return false;
    handle(client, buffer[0], buffer.subarray(at, at + length));
    client.buffer = buffer.subarray(at + length);
    return true;
}

function text(body, at) {
    const size = body.readUInt16BE(at);
    return [body.subarray(at + 2, at + 2 + size), at + 2 + size];
}

/** Properties of version 5 are skipped. */
function skipProperties(client, body, at) {
    return client.isV5 ? at + 1 + body[at] : at;
}

function handle(client, first, body) {
    const type = first >> 4;
    if (type === 1) connect(client, body);
    else if (client.id === null) client.socket.destroy();
    else if (type === 3) publish(client, first, body);
    else if (type === 8) subscribe(client, body);
    else if (type === 12) client.socket.write(Buffer.from([0xd0, 0]));
    else if (type === 14) client.socket.end();
}

function connect(client, body) {
    client.isV5 = body[6] === 5;
    const flags = body[7];
    let at = skipProperties(client, body, 10);
    let id;
    [id, at] = text(body, at);
    if (flags & 0x04) {
        at = skipProperties(client, body, at);
        [, at] = text(body, at);
        [, at] = text(body, at);
    }
    let password = null;
    if (flags & 0x80) [, at] = text(body, at);
    if (flags & 0x40) [password] = text(body, at);
    const name = id.toString();
    const watch = client.world.watches.get(name);
    const now = new Date(client.world.now_ms).toISOString();
    if (watch) watch.reached_at ??= now;
    const isKnown = client.world.tokens.some((token) => token.secret === password?.toString());
    if (password !== null && !isKnown) {
        if (watch) watch.refused = { at: now, reason: 'wrong key' };
        client.world.addEvent(
            'client_refused',
            name,
            `wrong key, from ${client.socket.remoteAddress}`,
        );
        client.socket.end(Buffer.from(client.isV5 ? [0x20, 3, 0, 0x87, 0] : [0x20, 2, 0, 4]));
        return;
    }
    client.id = name;
    if (watch) watch.accepted_at ??= now;
    const address = `${client.socket.remoteAddress}:${client.socket.remotePort}`;
    client.world.connect(name, address, client.isV5 ? 'MQTT 5.0' : 'MQTT 3.1.1', 'tcp');
    client.socket.write(Buffer.from(client.isV5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]));
}

function publish(client, first, body) {
    const qos = (first >> 1) & 3;
    let topic;
    let at;
    [topic, at] = text(body, 0);
    if (qos > 0) {
        client.socket.write(Buffer.from([0x40, 2, body[at], body[at + 1]]));
        at += 2;
    }
    at = skipProperties(client, body, at);
    client.world.publish(client.id, topic.toString(), body.subarray(at), qos, (first & 1) === 1);
}

function subscribe(client, body) {
    let at = skipProperties(client, body, 2);
    const codes = [];
    while (at < body.length) {
        let filter;
        [filter, at] = text(body, at);
        const machine = client.world.machines.get(client.id);
        machine.filters.push(filter.toString());
        client.world.subscribe(machine, filter.toString());
        codes.push(body[at] & 3);
        at += 1;
    }
    const properties = client.isV5 ? [0] : [];
    const packet = [body[0], body[1], ...properties, ...codes];
    client.socket.write(Buffer.from([0x90, packet.length, ...packet]));
}
