/* The state behind the mock node: machines, a topic tree with living values, counters, events and
   keys, in the shapes of src/api/types.ts. It moves when `tick` is called, and by nothing else. */

import { fleetMachines, plantMachines } from './plant.mjs';
import { makeRandom, makeWalk } from './random.mjs';

const iso = (time_ms) => new Date(time_ms).toISOString();
const history_max = 300;
const recent_max = 100;
const updates_per_tick_max = 3_000;

export function matches(filter, topic) {
    const want = filter.replace(/^\$share\/[^/]+\//, '').split('/');
    const have = topic.split('/');
    for (let i = 0; i < want.length; i += 1) {
        if (want[i] === '#') return true;
        if (i >= have.length || (want[i] !== '+' && want[i] !== have[i])) return false;
    }
    return want.length === have.length;
}

export class World {
    constructor(options = {}) {
        this.options = { sensorsPerHall: 290, fleet: 0, fleetTopics: 4, seed: 7, ...options };
        this.now_ms = options.now_ms ?? Date.now();
        this.random = makeRandom(this.options.seed);
        this.started_ms = this.now_ms - (41 * 24 + 6) * 3_600_000;
        this.machines = new Map();
        this.topics = new Map();
        this.root = branch('', '');
        this.events = [];
        this.tokens = [];
        this.watches = new Map();
        this.listeners = new Set();
        this.totals = { in: 412_318_204, out: 721_004_877, dropped: 0 };
        this.store = { state: 'healthy', reason: null };
        this.queue = [];
        this.build();
        this.fillPast();
    }

    build() {
        const { random } = this;
        const all = [
            ...plantMachines(random, this.options.sensorsPerHall),
            ...fleetMachines(random, this.options.fleet, this.options.fleetTopics),
        ];
        if (this.options.isEmpty) all.length = 0;
        all.forEach((spec, index) => this.addMachine(spec, index));
        this.addSystemTopics();
        for (const machine of this.machines.values()) {
            for (const filter of machine.filters) this.subscribe(machine, filter);
        }
        this.setOffline('yard-gate', 6 * 60_000, 'keep-alive timed out', 214);
        this.setOffline('dashboard-7', 26 * 3_600_000, 'disconnected by the machine', 0);
        this.setOffline('hmi-5', 42_000, 'connection was reset', 2_102);
    }

    addMachine(spec, index) {
        const { random } = this;
        const isFast = index % 4 !== 0;
        const machine = {
            id: spec.id,
            place: spec.place,
            filters: spec.filters,
            online: index < 60 ? true : random() < 0.94,
            protocol: isFast ? 'MQTT 5.0' : 'MQTT 3.1.1',
            transport: ['tls', 'tcp', 'tls', 'wss'][index % 4],
            address: `10.4.${1 + (index % 7)}.${10 + (index % 240)}:${40_000 + ((index * 37) % 20_000)}`,
            connected_ms: this.now_ms - Math.floor(random() * 41 * 86_400_000),
            last_seen_ms: this.now_ms - Math.floor(random() * 4_000),
            session_expiry_s: isFast ? 3_600 : 0,
            clean_start: index % 3 === 0,
            keep_alive_s: 60,
            queued: 0,
            inflight: 0,
            in_total: Math.floor(random() * 4e6),
            out_total: Math.floor(random() * 9e5),
            rate_in: 0,
            rate_out: 0,
            reason: null,
            user: `token:${spec.id}`,
            recent: [],
            published: new Map(),
            subscriptions: [],
        };
        this.machines.set(spec.id, machine);
        for (const one of spec.signals) {
            this.addTopic(`${spec.place}/${one.name}`, one, machine);
            machine.rate_in += 1 / one.period_s;
        }
    }

    addSystemTopics() {
        const value = (name, read) =>
            this.addTopic(`$SYS/broker/${name}`, {
                period_s: 10,
                isRetained: true,
                qos: 0,
                value: read,
            });
        value('version', () => 'kith 0.1.0');
        value('uptime', () => `${Math.floor((this.now_ms - this.started_ms) / 1000)} seconds`);
        value('clients/connected', () => String(this.onlineCount()));
        value('clients/total', () => String(this.machines.size));
        value('messages/received', () => String(this.totals.in));
        value('messages/sent', () => String(this.totals.out));
        value('subscriptions/count', () => '87');
        value('retained messages/count', () => String(this.retainedCount()));
    }

    addTopic(name, spec, machine = null) {
        const topic = {
            name,
            machine,
            period_ms: spec.period_s * 1000,
            value: spec.value,
            qos: spec.qos,
            isRetained: spec.isRetained,
            last: null,
            next_ms: this.now_ms + this.random() * spec.period_s * 1000,
            history: [],
            subscribers: [],
            changed_ms: 0,
            content_type: null,
        };
        this.topics.set(name, topic);
        let node = this.root;
        const rate = spec.period_s > 0 ? 1 / spec.period_s : 0;
        node.rate += rate;
        node.topics += 1;
        let path = '';
        for (const level of name.split('/')) {
            path = path === '' ? level : `${path}/${level}`;
            if (!node.children.has(level)) node.children.set(level, branch(level, path));
            node = node.children.get(level);
            node.rate += rate;
            node.topics += 1;
        }
        node.topic = topic;
        topic.node = node;
        if (spec.value) this.queue.push(topic);
        return topic;
    }

    subscribe(machine, filter) {
        machine.subscriptions.push({
            filter,
            qos: machine.subscriptions.length % 3,
            no_local: false,
            retain_as_published: machine.protocol === 'MQTT 5.0',
            identifier: machine.protocol === 'MQTT 5.0' ? machine.subscriptions.length + 1 : null,
        });
        for (const topic of this.topics.values()) {
            if (matches(filter, topic.name) && topic.subscribers.length < 20) {
                topic.subscribers.push(machine.id);
                machine.rate_out += 1000 / topic.period_ms;
            }
        }
    }

    setOffline(id, ago_ms, reason, queued) {
        const machine = this.machines.get(id);
        if (!machine) return;
        Object.assign(machine, {
            online: false,
            reason,
            queued,
            address: null,
            session_expiry_s: 86_400,
        });
        machine.last_seen_ms = this.now_ms - ago_ms;
    }

    /** Values, histories, usage and events from before the mock started. */
    fillPast() {
        for (const topic of this.topics.values()) {
            const isTrend = topic.period_ms <= 2_000 && this.topics.size < 5_000;
            const steps = isTrend ? 200 : 1;
            for (let i = steps; i > 0; i -= 1) {
                this.emit(topic, this.now_ms - i * Math.min(topic.period_ms, 3_000) + 200, true);
            }
        }
        const { random } = this;
        const n = 1_800;
        const rate = this.root.rate;
        const walkIn = makeWalk(random, rate, rate * 0.05, 0.08);
        const walkOut = makeWalk(random, rate * 1.75, rate * 0.09, 0.07);
        const queued = makeWalk(random, 2_200, 120, 0.04);
        const memory = makeWalk(random, 61.4e6, 2e5, 0.02);
        const dip = n - 192;
        this.past = Array.from({ length: n }, (_, i) => {
            const drop = i > dip && i < dip + 14 ? Math.exp(-((i - dip - 4) ** 2) / 18) : 0;
            const push = i >= dip + 14 && i < dip + 42 ? Math.exp(-(i - dip - 14) / 9) : 0;
            return {
                in: walkIn() * (1 - drop * 0.18),
                out: walkOut() * (1 - drop * 0.3 + push * 0.17),
                queued: Math.max(0, queued() + push * 900),
                online: this.onlineCount() + (i < dip ? 2 : 0),
                memory: memory(),
            };
        });
        if (this.options.isEmpty) {
            this.past = this.past.map((_, i) =>
                i < n - 40 ? null : { in: 0, out: 0, queued: 0, online: 0, memory: 14.2e6 },
            );
        }
        this.fillEvents(dip, n);
        for (const [name, role, days] of [
            ['operator-2 laptop', 'admin', 41],
            ['grafana', 'viewer', 12],
            ['oven-3', 'machine', 3],
            ['press-07', 'machine', 3],
        ]) {
            this.addToken({ name, role }, this.now_ms - days * 86_400_000);
        }
        if (this.options.isEmpty) this.tokens = [];
    }

    fillEvents(dip, n) {
        const ago = (ms, kind, machine, text, detail = {}) =>
            this.events.unshift({ at: iso(this.now_ms - ms), kind, machine, text, detail });
        if (this.options.isEmpty) {
            ago(80_000, 'claimed', null, 'operator-2 claimed this node');
            return;
        }
        ago(
            26 * 3_600_000,
            'client_disconnected',
            'dashboard-7',
            'dashboard-7 left: it disconnected',
        );
        for (let i = 0; i < 12; i += 1) {
            const id = `oven-${1 + (i % 8)}`;
            ago(
                81 * 60_000 - i * 900,
                'client_connected',
                id,
                `${id} connected over MQTT 5.0, TLS`,
            );
        }
        ago(44 * 60_000, 'token_created', null, 'operator-2 made the key grafana, role viewer');
        for (let i = 0; i < 3; i += 1) {
            ago(
                31 * 60_000 - i * 60_000,
                'client_refused',
                'lathe-04',
                'lathe-04 was refused: wrong key',
                {
                    reason: 'wrong key',
                    address: '10.4.3.77:50112',
                },
            );
        }
        ago(
            (n - dip) * 2_000,
            'client_disconnected',
            'yard-gate',
            'yard-gate left: keep-alive timed out',
        );
        ago(5 * 60_000, 'takeover', 'hmi-2', 'hmi-2 was taken over by another connection');
        ago(42_000, 'client_disconnected', 'hmi-5', 'hmi-5 left: connection was reset');
    }

    onlineCount() {
        let online = 0;
        for (const machine of this.machines.values()) if (machine.online) online += 1;
        return online;
    }

    retainedCount() {
        let retained = 0;
        for (const topic of this.topics.values()) if (topic.isRetained) retained += 1;
        return retained;
    }

    addEvent(kind, machine, text) {
        const event = { at: iso(this.now_ms), kind, machine, text, detail: {} };
        this.events.unshift(event);
        this.events.length = Math.min(this.events.length, 1_000);
        for (const listener of this.listeners) listener({ event });
    }

    addToken(request, at_ms = this.now_ms) {
        const id = `t${this.tokens.length + 1}-${Math.floor(this.random() * 1e6).toString(36)}`;
        const letters = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
        const group = () =>
            Array.from(
                { length: 4 },
                () => letters[Math.floor(this.random() * letters.length)],
            ).join('');
        const token = {
            id,
            name: request.name,
            role: request.role,
            topic_roles: request.topic_roles ?? ['free'],
            machine: request.machine ?? '',
            created_at: iso(at_ms),
            expires_at: request.expires_in_s ? iso(at_ms + request.expires_in_s * 1000) : null,
            last_used_at: at_ms < this.now_ms ? iso(this.now_ms - 40_000) : null,
            secret: `kk_${[group(), group(), group(), group(), group(), group()].join('-')}`,
        };
        this.tokens.push(token);
        return token;
    }

    /** Moves the world to `now_ms`: due topics speak, counters grow. */
    tick(now_ms) {
        const span_s = (now_ms - this.now_ms) / 1000;
        this.now_ms = now_ms;
        let budget = updates_per_tick_max;
        for (const topic of this.queue) {
            if (topic.next_ms <= now_ms && budget > 0) {
                budget -= 1;
                this.emit(topic, now_ms, false);
                topic.next_ms =
                    now_ms + Math.max(180, topic.period_ms * (0.9 + this.random() * 0.2));
            }
        }
        const newest = this.newest();
        this.totals.in += Math.round(newest.in * span_s);
        this.totals.out += Math.round(newest.out * span_s);
        for (const machine of this.machines.values()) {
            if (machine.online) {
                machine.in_total += Math.round(machine.rate_in * span_s);
                machine.out_total += Math.round(machine.rate_out * span_s);
                if (machine.rate_in > 0) machine.last_seen_ms = now_ms - this.random() * 800;
            }
        }
    }

    /** One step of the usage record, every two seconds. */
    step() {
        const last = this.newest();
        const rate = this.root.rate;
        const next = (value, base, swing) =>
            value + (this.random() - 0.5) * swing + (base - value) * 0.08;
        this.past.push({
            in: next(last.in, rate, rate * 0.05),
            out: next(last.out, rate * 1.75, rate * 0.09),
            queued: Math.max(0, next(last.queued, this.machines.size ? 2_316 : 0, 120)),
            online: this.onlineCount(),
            memory: last.memory + (this.random() - 0.5) * 1e5,
        });
        this.past.shift();
    }

    newest() {
        return this.past.at(-1) ?? { in: 0, out: 0, queued: 0, online: 0, memory: 0 };
    }

    emit(topic, at_ms, isPast) {
        const made = topic.value();
        const isText = typeof made === 'string';
        this.keep(topic, isText ? made : made.base64, isText ? 'text' : 'base64', at_ms, isPast);
    }

    /** A message arrived on a topic: last value, history, recent messages of its machines. */
    keep(topic, payload, encoding, at_ms, isPast = false) {
        const bytes =
            encoding === 'text' ? Buffer.byteLength(payload) : Math.floor(payload.length * 0.75);
        topic.last = { payload, encoding, bytes, qos: topic.qos, at: iso(at_ms), truncated: false };
        topic.changed_ms = at_ms;
        const value = Number(payload);
        if (encoding === 'text' && payload !== '' && Number.isFinite(value)) {
            topic.history.push({ at: iso(at_ms), value });
            if (topic.history.length > history_max) topic.history.shift();
        }
        const message = {
            at: iso(at_ms),
            topic: topic.name,
            qos: topic.qos,
            retain: topic.isRetained,
            payload,
            encoding,
            bytes,
        };
        if (topic.machine) {
            topic.machine.published.set(topic.name, iso(at_ms));
            this.log(topic.machine, { ...message, direction: 'in' }, isPast);
        }
        for (const id of topic.subscribers) {
            const machine = this.machines.get(id);
            if (machine?.online) this.log(machine, { ...message, direction: 'out' }, isPast);
        }
    }

    log(machine, heard, isPast) {
        const message = { ...heard, client: machine.id };
        machine.recent.unshift(message);
        if (machine.recent.length > recent_max) machine.recent.pop();
        if (!isPast) {
            for (const listener of this.listeners) listener({ client: machine.id, message });
        }
    }

    /** A client of the mock's own MQTT port, or the publish call of the API. */
    publish(id, name, payload, qos, isRetained) {
        let topic = this.topics.get(name);
        const machine = this.machines.get(id) ?? null;
        if (!topic) {
            topic = this.addTopic(name, { period_s: 0, isRetained, qos, value: null }, machine);
            topic.period_ms = Number.POSITIVE_INFINITY;
            const parent = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '';
            for (const listener of this.listeners) listener({ newUnder: parent });
            for (const one of this.machines.values()) {
                if (one.filters.some((filter) => matches(filter, name)))
                    topic.subscribers.push(one.id);
            }
        }
        topic.isRetained ||= isRetained;
        topic.qos = qos;
        const text = payload.toString('utf8');
        const isText = Buffer.from(text, 'utf8').equals(payload);
        this.keep(
            topic,
            isText ? text : payload.toString('base64'),
            isText ? 'text' : 'base64',
            this.now_ms,
        );
        this.totals.in += 1;
        if (machine) machine.in_total += 1;
        const watch = this.watches.get(id);
        if (watch && !watch.first_message) watch.first_message = machine?.recent[0] ?? null;
        return topic.subscribers.length;
    }

    connect(id, address, protocol, transport) {
        if (!this.machines.has(id)) {
            this.addMachine({ id, place: '', signals: [], filters: [] }, this.machines.size);
            this.machines.get(id).session_expiry_s = 0;
        }
        const machine = this.machines.get(id);
        Object.assign(machine, {
            online: true,
            address,
            protocol,
            transport,
            connected_ms: this.now_ms,
            last_seen_ms: this.now_ms,
            reason: null,
        });
        this.addEvent(
            'client_connected',
            id,
            `${id} connected over ${protocol}, ${transport.toUpperCase()}`,
        );
    }

    disconnect(id, reason) {
        const machine = this.machines.get(id);
        if (!machine || !machine.online) return;
        Object.assign(machine, { online: false, reason, address: null, last_seen_ms: this.now_ms });
        this.addEvent('client_disconnected', id, `${id} left: ${reason}`);
        if (machine.session_expiry_s === 0) this.machines.delete(id);
    }

    forget(id) {
        this.disconnect(id, 'forgotten');
        this.machines.delete(id);
    }
}

function branch(name, path) {
    return { name, path, children: new Map(), topic: null, topics: 0, rate: 0 };
}
