/* A node that is not there: every endpoint and live channel of the console's API over a living
   demo site, and the built console itself under the same strict CSP. For development, tests of
   the console and screenshots.

   node dev/mock-server.mjs [--port 8090] [--mqtt 0] [--big] [--empty] [--unclaimed] POST
   /dev/scenario changes what the node does: see `scenario` below. */

import { createReadStream, existsSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { LiveConnection, serve_every_ms } from './live.mjs';
import { Mesh } from './mesh.mjs';
import { startMiniMqtt } from './mini_mqtt.mjs';
import { Operations } from './operations.mjs';
import { securityOf, Trust } from './trust.mjs';
import * as views from './views.mjs';
import { World } from './world.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const csp =
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const contentTypes = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
};
const limits = {
    packet_bytes_max: 1_048_576,
    topic_bytes_max: 1_024,
    topic_levels_max: 32,
    session_queue_messages_max: 10_000,
    session_queue_bytes_max: 67_108_864,
};
export const mockUser = {
    name: 'operator-2',
    password: 'correct horse battery',
    code: 'mock-claim-code',
};

class Mock {
    constructor(options) {
        this.world = new World(options);
        this.trust = new Trust(this.world);
        this.operations = new Operations(this.world);
        this.mesh = new Mesh(this.world);
        this.options = options;
        this.sessions = new Map();
        this.user = options.isUnclaimed ? null : { ...mockUser };
        this.tries_left = 5;
        this.connections = new Set();
        /* fail: paths that answer 503; slow: paths that answer after a minute; silent: the feed says
           nothing; deaf: no feed at all; absent: resources that this version does not have. */
        this.scenario = {
            fail: [],
            slow: [],
            silent: false,
            deaf: false,
            role: 'admin',
            absent: [],
        };
    }

    listeners() {
        const listener = (kind, address, tls, anonymous) => ({
            kind,
            address,
            tls,
            insecure: false,
            anonymous,
            proxy: kind === 'mqtts',
        });
        const list = [
            listener('mqtt', `127.0.0.1:${this.mqttPort}`, false, true),
            listener('mqtts', '0.0.0.0:8883', true, false),
            listener('http', `127.0.0.1:${this.port}`, false, false),
        ];
        if (this.scenario.insecure)
            list[0] = { ...list[0], address: '0.0.0.0:1883', insecure: true };
        return list;
    }
}

const ok = (value, status = 200) => ({ status, value });
const problem = (status, code, title, more = {}) => ({
    status,
    value: { type: 'about:blank', title, status, code, ...more },
});

function sessionAnswer(mock, status = 200) {
    const id = `s${Math.random().toString(36).slice(2)}`;
    const session = {
        user: { name: mock.user.name, role: mock.scenario.role },
        csrf_token: `c-${id}`,
        node: mock.world.options.name ?? 'gw-hall-2',
    };
    mock.sessions.set(id, session);
    return {
        ...ok(session, status),
        cookie: `kith_session=${id}; HttpOnly; SameSite=Strict; Path=/`,
    };
}

function claim(mock, body) {
    if (mock.user || body.code !== mockUser.code) {
        const detail =
            'The link is wrong, was used, or has ended. Start the node again for a new one, or run: kith token create --role admin.';
        return problem(403, 'claim.refused', 'Claim refused', { detail });
    }
    if ((body.password ?? '').length < 10) {
        return problem(422, 'password.short', 'Password refused', {
            detail: 'The password needs 10 characters.',
        });
    }
    mock.user = { name: body.name, password: body.password };
    mock.world.addEvent('claimed', null, `${body.name} claimed this node`);
    return sessionAnswer(mock, 201);
}

function signIn(mock, body) {
    if (mock.tries_left === 0) {
        return problem(429, 'limit.tries', 'Too many tries', { retry_after_s: 30 });
    }
    if (!mock.user || body.name !== mock.user.name || body.password !== mock.user.password) {
        mock.tries_left -= 1;
        return problem(401, 'session.refused', 'Wrong name or password', {
            tries_left: mock.tries_left,
        });
    }
    mock.tries_left = 5;
    return sessionAnswer(mock);
}

function topics(mock, method, query) {
    const { world } = mock;
    const name = query.get('name');
    if (name === null) {
        return ok(
            query.get('q') === null ? views.levelOf(world, query) : views.searchOf(world, query),
        );
    }
    const topic = world.topics.get(name);
    if (!topic)
        return problem(404, 'topic.unknown', 'No such topic', {
            detail: `No message came on ${name}.`,
        });
    if (method === 'DELETE') {
        topic.isRetained = false;
        return { status: 204 };
    }
    return ok(views.topicDetailOf(world, topic));
}

function machines(mock, method, rest, query) {
    const { world } = mock;
    if (rest === '') return ok(views.machineListOf(world, query));
    const [id, action = ''] = rest.slice(1).split('/').map(decodeURIComponent);
    const machine = world.machines.get(id);
    if (!machine) {
        return problem(404, 'machine.unknown', 'No such machine', {
            detail: `${id} never connected, or was forgotten.`,
        });
    }
    if (method === 'DELETE') {
        world.forget(id);
        return { status: 204 };
    }
    if (action === 'disconnect') {
        world.disconnect(id, 'disconnected by operator-2');
        return { status: 204 };
    }
    if (action === 'messages') return ok({ items: machine.recent, next: null });
    return ok(views.machineDetailOf(world, machine));
}

function tokens(mock, method, rest, body) {
    const { world } = mock;
    if (method === 'GET') return ok(views.tokensOf(world));
    if (method === 'DELETE') {
        world.tokens = world.tokens.filter((token) => token.id !== rest.slice(1));
        return { status: 204 };
    }
    if (!/^[\w.-]{1,64}$/.test(body.name ?? '')) {
        return problem(422, 'token.name', 'Name refused', {
            detail: 'A name has 1 to 64 letters, digits, dots, dashes.',
        });
    }
    const token = world.addToken(body);
    world.watches.set(body.name, {
        reached_at: null,
        refused: null,
        accepted_at: null,
        first_message: null,
    });
    world.addEvent(
        'token_created',
        null,
        `${mock.user.name} made the key ${body.name}, role ${body.role}`,
    );
    return ok({ id: token.id, name: token.name, role: token.role, token: token.secret }, 201);
}

function publish(mock, body) {
    if (!body.topic || /[+#]/.test(body.topic)) {
        return problem(422, 'topic.invalid', 'Topic refused', {
            detail: 'A topic has no + and no #.',
        });
    }
    const payload = Buffer.from(
        body.payload ?? body.payload_base64 ?? '',
        body.payload === undefined ? 'base64' : 'utf8',
    );
    const receivers = mock.world.publish(
        'console',
        body.topic,
        payload,
        body.qos ?? 0,
        body.retain ?? false,
    );
    return ok({ accepted: true, durable: body.retain === true, receivers });
}

function secured(mock, method, pathname, query, body) {
    const { world } = mock;
    const [, name, rest] = pathname.match(/^\/api\/v1\/([\w-]+)(.*)$/) ?? [];
    if (mock.scenario.absent.includes(name)) {
        return problem(404, 'route.unknown', 'No such resource');
    }
    switch (name) {
        case 'node':
            return ok(views.nodeOf(world, mock.listeners(), limits));
        case 'usage':
            return ok(views.usageOf(world, Number(query.get('window_s') ?? 600)));
        case 'stats':
            return ok(views.statsOf(world));
        case 'events':
            return ok({
                items: world.events.slice(0, Number(query.get('limit') ?? 50)),
                next: null,
            });
        case 'machines':
            return machines(mock, method, rest, query);
        case 'topics':
            return topics(mock, method, query);
        case 'tokens':
            return mock.scenario.role === 'admin'
                ? tokens(mock, method, rest, body)
                : problem(403, 'role.refused', 'Not allowed', {
                      detail: 'This needs the role admin.',
                  });
        case 'publish':
            return publish(mock, body);
        case 'security':
            return ok(securityOf(world, mock.listeners()));
        case 'connect':
            return ok(
                world.watches.get(query.get('id')) ?? {
                    reached_at: null,
                    refused: null,
                    accepted_at: null,
                    first_message: null,
                },
            );
        case 'mesh':
            return (
                mock.mesh.answer(method, rest, query, body) ??
                problem(404, 'route.unknown', 'No such resource')
            );
        default:
            return (
                mock.trust.answer(name, method, rest, query, body) ??
                mock.operations.answer(name, method, rest, query, body) ??
                problem(404, 'route.unknown', 'No such resource')
            );
    }
}

function api(mock, request, url, body) {
    const { pathname, searchParams: query } = url;
    const { method } = request;
    const cookie = /kith_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const session = mock.sessions.get(cookie);
    if (pathname === '/api/v1/claim') {
        return method === 'POST'
            ? claim(mock, body)
            : ok({ node: mock.world.options.name ?? 'gw-hall-2', claimable: mock.user === null });
    }
    if (pathname === '/api/v1/session' && method === 'POST') return signIn(mock, body);
    if (!session) return problem(401, 'session.required', 'A session is required');
    if (method !== 'GET' && request.headers['x-kith-token'] !== session.csrf_token) {
        return problem(403, 'csrf.missing', 'The token header is missing');
    }
    if (pathname === '/api/v1/session') {
        if (method === 'DELETE') mock.sessions.delete(cookie);
        return method === 'DELETE' ? { status: 204 } : ok(session);
    }
    if (mock.scenario.fail.some((prefix) => pathname.startsWith(prefix))) {
        const detail = 'disk has 0.4 GB left of 64 GB';
        return problem(503, 'store.read_only', 'The store is read only', { detail });
    }
    return secured(mock, method, pathname, query, body);
}

function sendFile(response, pathname) {
    const isAsset = pathname.startsWith('/assets/');
    const file = path.join(dist, isAsset ? pathname : 'index.html');
    if (!file.startsWith(dist) || !existsSync(file)) {
        response.writeHead(404).end('not found');
        return;
    }
    response.writeHead(200, {
        'Content-Type': contentTypes[path.extname(file)] ?? 'application/octet-stream',
        'Content-Security-Policy': csp,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': isAsset ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    createReadStream(file).pipe(response);
}

async function readBody(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
        return JSON.parse(Buffer.concat(chunks).toString() || '{}');
    } catch {
        return {};
    }
}

async function handle(mock, request, response) {
    const url = new URL(request.url, 'http://mock');
    const body = await readBody(request);
    if (url.pathname === '/dev/scenario') {
        changeScenario(mock, body);
        response.writeHead(204).end();
    } else if (url.pathname === '/metrics') {
        response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' });
        response.end(mock.operations.metrics());
    } else if (url.pathname === '/kith-ca.pem') {
        response.writeHead(200, { 'Content-Type': 'application/x-pem-file' });
        response.end('-----BEGIN CERTIFICATE-----\nmock\n-----END CERTIFICATE-----\n');
    } else if (url.pathname.startsWith('/api/')) {
        if (mock.scenario.slow.some((prefix) => url.pathname.startsWith(prefix))) {
            await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
        }
        const answer = api(mock, request, url, body);
        const headers = {
            'Content-Type': answer.status < 400 ? 'application/json' : 'application/problem+json',
        };
        if (answer.cookie) headers['Set-Cookie'] = answer.cookie;
        response.writeHead(answer.status, answer.status === 204 ? {} : headers);
        response.end(answer.value === undefined ? undefined : JSON.stringify(answer.value));
    } else {
        sendFile(response, url.pathname);
    }
}

function changeScenario(mock, change) {
    Object.assign(mock.scenario, change);
    const { world } = mock;
    if (change.store) world.store = change.store;
    if (change.mesh !== undefined) mock.mesh.kind = change.mesh;
    if (change.unreachable !== undefined) mock.world.unreachable = change.unreachable;
    if (change.suspect !== undefined) mock.mesh.suspect = change.suspect;
    if (change.mayInvite !== undefined) mock.mesh.mayInvite = change.mayInvite;
    if (change.dropped) world.totals.dropped += change.dropped;
    if (change.publish) {
        const { id, topic, payload } = change.publish;
        world.connect(id, '10.4.3.77:50112', 'MQTT 5.0', 'tls');
        const watch = world.watches.get(id);
        if (watch)
            Object.assign(watch, {
                reached_at: new Date(world.now_ms).toISOString(),
                accepted_at: new Date(world.now_ms).toISOString(),
            });
        world.publish(id, topic, Buffer.from(payload), 1, false);
    }
    if (change.refuse) {
        const watch = world.watches.get(change.refuse);
        const at = new Date(world.now_ms).toISOString();
        if (watch) Object.assign(watch, { reached_at: at, refused: { at, reason: 'wrong key' } });
    }
    if (change.deaf) for (const connection of mock.connections) connection.socket.terminate();
}

/** Starts the mock; port 0 takes a free one. `isFrozen`: the world stands still (screenshots). */
export async function startMock(options = {}) {
    const mock = new Mock(options);
    const server = http.createServer((request, response) => void handle(mock, request, response));
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
        const cookie = /kith_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
        if (mock.scenario.deaf || !mock.sessions.has(cookie)) {
            socket.destroy();
            return;
        }
        sockets.handleUpgrade(request, socket, head, (websocket) => {
            const connection = new LiveConnection(mock.world, websocket);
            mock.connections.add(connection);
            websocket.on('close', () => mock.connections.delete(connection));
        });
    });
    const mqtt = await startMiniMqtt(mock.world, options.mqttPort ?? 0);
    mock.mqttPort = mqtt.port;
    await new Promise((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
    mock.port = server.address().port;
    const started_ms = Date.now();
    const world_ms = mock.world.now_ms;
    const frozen = options.isFrozen === true;
    const tick = setInterval(() => {
        if (!frozen) mock.world.tick(world_ms + Date.now() - started_ms);
        if (!mock.scenario.silent) for (const connection of mock.connections) connection.serve();
    }, serve_every_ms);
    const step = setInterval(() => frozen || mock.world.step(), 2_000);
    const close = async () => {
        clearInterval(tick);
        clearInterval(step);
        for (const connection of mock.connections) connection.socket.terminate();
        mqtt.server.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
    };
    return {
        url: `http://127.0.0.1:${mock.port}`,
        mqttPort: mock.mqttPort,
        world: mock.world,
        change: (change) => changeScenario(mock, change),
        close,
    };
}

/** Sizes by flag: 10,000 machines and 50,000 topics, or nothing at all. */
export function optionsFrom(flags) {
    const value = (name, fallback) => {
        const at = flags.indexOf(name);
        return at < 0 ? fallback : Number(flags[at + 1]);
    };
    return {
        port: value('--port', 8090),
        mqttPort: value('--mqtt', 0),
        isUnclaimed: flags.includes('--unclaimed'),
        isEmpty: flags.includes('--empty'),
        ...(flags.includes('--big') ? { fleet: 9_950, fleetTopics: 5 } : {}),
    };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const mock = await startMock(optionsFrom(process.argv.slice(2)));
    console.log(`mock node at ${mock.url}, MQTT at 127.0.0.1:${mock.mqttPort}`);
    console.log(`sign in as ${mockUser.name} with "${mockUser.password}"`);
    console.log(`claim link ${mock.url}/claim#${mockUser.code}`);
}
