/* Operations behind the mock node: limits, slow clients, storage, traces, logged clients, backup and
   the metrics that the page Queues reads. */

const iso = (time_ms) => new Date(time_ms).toISOString();
const ok = (value, status = 200) => ({ status, value });
const unknown = (code) => ({
    status: 404,
    value: { type: 'about:blank', title: 'Not found', status: 404, code },
});

const backup_takes_ms = 4_000;

export class Operations {
    constructor(world) {
        this.world = world;
        this.logs = new Map();
        this.traces = new Map();
        this.backup = { state: 'idle', started_ms: null, last: null };
        if (!world.options.isEmpty) {
            this.backup.last = this.made(world.now_ms - 5 * 3_600_000, 301_400_000);
            this.logs.set('press-07', {
                client: 'press-07',
                started_by: 'user:anna',
                ends_at: iso(world.now_ms + 480_000),
                packets: 4_812,
            });
        }
    }

    answer(name, method, rest, query, body) {
        const id = rest.split('/').filter(Boolean).map(decodeURIComponent)[0];
        switch (name) {
            case 'limits':
                return ok({ items: this.limits(), next: null });
            case 'slow-clients':
                return ok({ items: this.slow(), next: null });
            case 'log-clients':
                return this.answerLogs(method, id, body);
            case 'traces':
                return this.answerTraces(method, id, query, body);
            case 'storage':
                return ok(this.storage());
            case 'backup':
                return this.answerBackup(method);
            default:
                return null;
        }
    }

    limits() {
        const { world } = this;
        const isIdle = world.machines.size === 0;
        const queued = isIdle ? 0 : Math.round(world.newest().queued);
        const limit = (name, key, unit, value, used, reached_count = 0, ago_s = null) => ({
            name,
            key,
            unit,
            value,
            used,
            reached_count,
            last_reached_at: ago_s === null ? null : iso(world.now_ms - ago_s * 1000),
        });
        return [
            limit(
                'connections',
                'mqtt.connections_max',
                'connections',
                100_000,
                world.onlineCount(),
            ),
            limit('pending_connections', 'mqtt.pending_connections_max', 'connections', 1_000, 2),
            limit('sessions', 'mqtt.sessions_max', 'sessions', 1_000_000, world.machines.size),
            limit('topic_levels', 'mqtt.topic_levels_max', 'levels', 32, null),
            limit('topics', 'mqtt.topics_max', 'topics', 100_000, world.topics.size),
            limit(
                'retained_messages',
                'mqtt.retained_messages_max',
                'messages',
                1_000_000,
                world.retainedCount(),
            ),
            limit('queued_bytes', 'mqtt.queued_bytes_max', 'bytes', 67_108_864, queued * 28_000),
            limit(
                'session_queue',
                'mqtt.session_queue_messages_max',
                'messages',
                10_000,
                null,
                isIdle ? 0 : 214,
                320,
            ),
            limit('will_bytes', 'mqtt.will_bytes_max', 'bytes', 65_536, null),
            limit('client_messages', 'mqtt.client_messages_per_s_max', 'messages/s', 0, null),
            limit(
                'listener_bytes',
                'mqtt.listener_bytes_per_s_max',
                'bytes/s',
                50_000_000,
                null,
                isIdle ? 0 : 3,
                7_900,
            ),
            limit('connects', 'mqtt.connects_per_s_max', 'connects/s', 5_000, null),
        ];
    }

    slow() {
        if (this.world.machines.size === 0) return [];
        const client = (id, address, more) => ({
            client: id,
            address,
            waiting_bytes: 61_000,
            unsent_bytes: 61_000,
            queued_bytes: 0,
            queued_messages: 0,
            inflight_messages: 4,
            inflight_messages_max: 20,
            waits_for_s: 3,
            no_progress_for_s: 0,
            dropped_messages: 0,
            publishers_held: 0,
            ...more,
        });
        return [
            client('mes-bridge', '10.4.3.12:50412', {
                waiting_bytes: 482_000,
                queued_bytes: 421_000,
                queued_messages: 2_102,
                inflight_messages: 20,
                waits_for_s: 42,
            }),
            client('historian', '10.4.3.9:51210', { dropped_messages: 214, no_progress_for_s: 2 }),
        ];
    }

    answerLogs(method, client, body) {
        const { now_ms } = this.world;
        if (method === 'PUT') {
            const ends_at = iso(now_ms + (body.seconds ?? 600) * 1000);
            const made = { client, started_by: 'user:operator-2', ends_at, packets: 0 };
            this.logs.set(client, made);
            return ok(made);
        }
        if (client !== undefined && !this.logs.has(client)) return unknown('log.unknown');
        if (method === 'DELETE') {
            this.logs.delete(client);
            return { status: 204 };
        }
        if (client !== undefined) {
            return ok({ ...this.logs.get(client), items: this.packets(client), next: null });
        }
        return ok({ items: [...this.logs.values()], next: null });
    }

    packets(client) {
        const place = `plant/h1/${client}`;
        const kinds = [
            ['in', 'PINGREQ', ''],
            ['out', 'PINGRESP', ''],
            ['in', 'PUBLISH', `QoS 1, ${place}/force_kn, 5 bytes`],
            ['out', 'PUBACK', 'success'],
        ];
        return Array.from({ length: 48 }, (_, index) => {
            const [direction, packet, text] = kinds[index % kinds.length];
            return {
                at: iso(this.world.now_ms - (47 - index) * 210),
                direction,
                packet,
                packet_id: packet.startsWith('PUB') ? 900 + (index >> 2) : null,
                text,
            };
        });
    }

    answerTraces(method, id, query, body) {
        const { world } = this;
        if (id === undefined && method === 'POST') {
            const made = {
                id: `tr${this.traces.size + 1}`,
                topic: body.topic ?? null,
                client: body.client ?? null,
                payload: body.payload ?? false,
                state: 'running',
                end_reason: null,
                started_at: iso(world.now_ms),
                ends_at: iso(world.now_ms + body.seconds * 1000),
                started_by: 'user:operator-2',
                events: 0,
                count_max: body.count_max ?? 1_000,
                items: [],
            };
            this.traces.set(made.id, made);
            return ok(headOf(made), 201);
        }
        if (id === undefined) {
            return ok({ items: [...this.traces.values()].reverse().map(headOf), next: null });
        }
        const trace = this.traces.get(id);
        if (!trace) return unknown('trace.unknown');
        if (method === 'DELETE') {
            this.traces.delete(id);
            return { status: 204 };
        }
        this.addSteps(trace);
        const start = Number(query.get('cursor') ?? 0);
        return ok({
            ...headOf(trace),
            items: trace.items.slice(start),
            next: String(trace.items.length),
        });
    }

    /** One message more each time that somebody reads. */
    addSteps(trace) {
        const topic =
            trace.topic?.replace('#', 'oven-1/temp_c').replace('+', 'h1') ??
            'plant/h1/oven-1/temp_c';
        const client = trace.client ?? 'oven-1';
        const { length } = trace.items;
        const message = 1 + Math.floor(length / 9);
        const step = (stage, who, text) =>
            trace.items.push({
                number: trace.items.length + 1,
                at: iso(this.world.now_ms + trace.items.length),
                shard: 0,
                stage,
                client: who,
                topic: stage === 'connect' || stage === 'auth' ? null : topic,
                message: stage === 'connect' || stage === 'auth' ? null : message,
                packet_id: stage === 'ack' ? message : null,
                qos: 1,
                retain: false,
                bytes: 5,
                text,
            });
        if (length === 0) {
            step('connect', client, 'MQTT 5.0 over TLS from 10.4.3.21:50112, session goes on');
            step('auth', client, 'let in as machine:oven-1');
        }
        step('publish', client, 'QoS 1, 5 bytes');
        step('acl', client, 'allowed by line 2 of sensor');
        step('match', null, '3 subscriptions of 3 clients');
        step('deliver', 'hmi-1', 'sent, QoS 0');
        step('deliver', 'mes-bridge', 'sent, QoS 1, packet 412');
        if (length % 4 === 3) {
            step('drop', 'historian', 'QoS 0, and the client is too slow: 61 kB wait');
        } else {
            step('queue', 'hmi-5', 'not connected: waits in its queue with 2 102 others');
        }
        step('commit', null, 'on disk after 2.1 ms');
        step('ack', client, 'PUBACK, success');
        trace.events = trace.items.length;
    }

    storage() {
        const isIdle = this.world.machines.size === 0;
        return {
            state: this.world.store.state === 'healthy' ? 'ok' : 'degraded',
            reason: this.world.store.reason,
            files: [
                { name: 'messages.db', bytes: isIdle ? 40_960 : 311_402_496 },
                { name: 'messages.db-wal', bytes: isIdle ? 0 : 4_210_688 },
                { name: 'control.db', bytes: 274_432 },
                { name: 'control.db-wal', bytes: 16_384 },
            ],
            messages: isIdle ? 0 : 48_211,
            queued: isIdle ? 0 : 2_316,
            queued_bytes: isIdle ? 0 : 532_680,
            spilled: isIdle ? 0 : 1_804,
            spilled_bytes: isIdle ? 0 : 414_920,
            pending_bytes: isIdle ? 0 : 12_288,
            commits: isIdle ? 4 : 912_004,
            commit_us_p99: isIdle ? 900 : 3_412,
            commit_us_max: isIdle ? 900 : 48_210,
            commit_failures: 0,
            reads: isIdle ? 0 : 1_210,
            read_failures: 0,
            last_recovery_ms: 214,
        };
    }

    made(at_ms, bytes) {
        return {
            result: 'made',
            started_at: iso(at_ms - 4_000),
            ended_at: iso(at_ms),
            file: `kith-gw-hall-2-${iso(at_ms).slice(0, 10)}.tar`,
            bytes,
        };
    }

    answerBackup(method) {
        const { backup } = this;
        const total = 315_900_000;
        if (method === 'POST' && backup.state !== 'running') {
            Object.assign(backup, { state: 'running', started_ms: Date.now() });
        }
        const share =
            backup.started_ms === null ? 0 : (Date.now() - backup.started_ms) / backup_takes_ms;
        if (backup.state === 'running' && share >= 1) {
            backup.state = 'idle';
            backup.last = this.made(this.world.now_ms, total);
        }
        const running = {
            started_at: iso(backup.started_ms ?? 0),
            bytes_done: Math.round(total * Math.min(1, share)),
            bytes_total: total,
        };
        return ok({
            state: backup.state,
            ...(backup.state === 'running' ? running : {}),
            last: backup.last,
        });
    }

    metrics() {
        const drops = this.world.totals.dropped;
        const counts = {
            slow_receiver: drops + Math.floor((this.world.now_ms / 700) % 2_000_000),
            queue_full: 214,
            expired: 96,
            too_large: 3,
            no_receiver: 18_402,
        };
        return [
            '# TYPE kith_messages_dropped_total counter',
            ...Object.entries(counts).map(
                ([reason, count]) => `kith_messages_dropped_total{reason="${reason}"} ${count}`,
            ),
            `kith_queued_bytes ${Math.round((this.world.newest()?.queued ?? 0) * 230)}`,
            '',
        ].join('\n');
    }
}

function headOf({ items: _items, ...head }) {
    return head;
}
