/* The world in the shapes of the API. */

const iso = (time_ms) => new Date(time_ms).toISOString();

export function statsOf(world) {
    const now = world.newest();
    const wobble = (base, swing) => base + Math.sin(world.now_ms / 3_700) * swing;
    const isIdle = world.machines.size === 0;
    return {
        at: iso(world.now_ms),
        messages_in_total: isIdle ? 0 : world.totals.in,
        messages_out_total: isIdle ? 0 : world.totals.out,
        bytes_in_total: isIdle ? 0 : world.totals.in * 31,
        bytes_out_total: isIdle ? 0 : world.totals.out * 33,
        messages_in_per_s: now.in,
        messages_out_per_s: now.out,
        bytes_in_per_s: now.in * 227,
        bytes_out_per_s: now.out * 231,
        connections: world.onlineCount(),
        machines_known: world.machines.size,
        sessions: world.machines.size,
        subscriptions: [...world.machines.values()].reduce((n, m) => n + m.subscriptions.length, 0),
        retained: world.retainedCount(),
        queued_messages: Math.round(now.queued),
        dropped_messages_total: world.totals.dropped,
        topics: world.topics.size,
        resident_bytes: Math.round(now.memory),
        delivery_p99_ms: isIdle ? null : wobble(1.8, 0.3),
        commit_ms_max: isIdle ? 0 : wobble(3.4, 0.9),
        stored_bytes: isIdle
            ? 40_960
            : 318_400_000 + Math.round((world.now_ms - world.started_ms) / 1e4),
        mesh_unreachable: world.unreachable ?? 0,
        mesh_parted: (world.unreachable ?? 0) > 1,
    };
}

export function usageOf(world, window_s) {
    const points = world.past.slice(-Math.ceil(window_s / 2));
    const series = (read) => points.map((point) => (point === null ? null : read(point)));
    return {
        step_s: 2,
        end: iso(world.now_ms),
        series: {
            messages_in_per_s: series((p) => p.in),
            messages_out_per_s: series((p) => p.out),
            bytes_in_per_s: series((p) => p.in * 227),
            bytes_out_per_s: series((p) => p.out * 231),
            connections: series((p) => p.online),
            queued_messages: series((p) => Math.round(p.queued)),
            resident_bytes: series((p) => Math.round(p.memory)),
        },
    };
}

export function machineOf(world, machine) {
    const noise = machine.online
        ? 1 + Math.sin(world.now_ms / 2_300 + machine.id.length) * 0.04
        : 0;
    return {
        id: machine.id,
        online: machine.online,
        protocol: machine.protocol,
        transport: machine.transport,
        address: machine.address,
        connected_at: iso(machine.connected_ms),
        last_seen_at: machine.online ? null : iso(machine.last_seen_ms),
        session_expiry_s: machine.session_expiry_s,
        clean_start: machine.clean_start,
        keep_alive_s: machine.keep_alive_s,
        subscriptions: machine.subscriptions.length,
        queued_messages: machine.queued,
        inflight_messages: machine.inflight,
        messages_in_total: machine.in_total,
        messages_out_total: machine.out_total,
        bytes_in_total: machine.in_total * 31,
        bytes_out_total: machine.out_total * 33,
        messages_in_per_s: machine.rate_in * noise,
        messages_out_per_s: machine.rate_out * noise,
        disconnect_reason: machine.online ? null : machine.reason,
        user: machine.user,
    };
}

export function machineDetailOf(world, machine) {
    const published = [...machine.published].sort(([, a], [, b]) => (a < b ? 1 : -1));
    return {
        ...machineOf(world, machine),
        subscription_list: machine.subscriptions,
        will:
            machine.place === ''
                ? null
                : { topic: `${machine.place}/status`, qos: 1, retain: true, delay_s: 5 },
        receive_maximum: 65_535,
        topics_published: published.slice(0, 20).map(([topic, last_at]) => ({ topic, last_at })),
    };
}

export function machineListOf(world, query) {
    const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const state = query.get('state') ?? 'all';
    const sort = query.get('sort') ?? 'id';
    const limit = Math.min(500, Number(query.get('limit') ?? 100));
    const start = Number(query.get('cursor') ?? 0);
    const found = [...world.machines.values()].filter(
        (machine) =>
            words.every((word) => machine.id.toLowerCase().includes(word)) &&
            (state === 'all' || machine.online === (state === 'online')),
    );
    const byId = (a, b) => a.id.localeCompare(b.id, 'en', { numeric: true });
    found.sort(
        {
            id: byId,
            last_seen: (a, b) => b.last_seen_ms - a.last_seen_ms,
            messages_in: (a, b) => b.in_total - a.in_total,
        }[sort] ?? byId,
    );
    return {
        items: found.slice(start, start + limit).map((machine) => machineOf(world, machine)),
        next: start + limit < found.length ? String(start + limit) : null,
        total: found.length,
        online: found.filter((machine) => machine.online).length,
    };
}

export function topicOf(node) {
    const { topic } = node;
    return {
        topic: node.path,
        name: node.name,
        children: node.children.size,
        topics: node.topics,
        is_topic: topic !== null,
        messages_per_s: node.rate,
        retained: topic?.isRetained ?? false,
        subscribers: topic?.subscribers.length ?? 0,
        last: topic?.last ?? null,
    };
}

export function nodeAt(world, path) {
    let node = world.root;
    for (const level of path === '' ? [] : path.split('/')) {
        node = node?.children.get(level);
    }
    return node ?? null;
}

function hasRetained(node) {
    return node.topic?.isRetained || [...node.children.values()].some(hasRetained);
}

const totalsOf = (world) => ({
    topics: world.topics.size,
    retained: world.retainedCount(),
    messages_per_s: world.newest().in,
});

export function levelOf(world, query) {
    const node = nodeAt(world, query.get('parent') ?? '');
    const limit = Number(query.get('limit') ?? 500);
    const start = Number(query.get('cursor') ?? 0);
    const isRetained = query.get('retained') === '1';
    const withSys = query.get('sys') === '1' || (query.get('parent') ?? '').startsWith('$SYS');
    const children = [...(node?.children.values() ?? [])]
        .filter(
            (child) => (!isRetained || hasRetained(child)) && (withSys || child.path !== '$SYS'),
        )
        .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    return {
        items: children.slice(start, start + limit).map(topicOf),
        next: start + limit < children.length ? String(start + limit) : null,
        totals: totalsOf(world),
    };
}

const comparisons = {
    '>': (a, b) => a > b,
    '<': (a, b) => a < b,
    '>=': (a, b) => a >= b,
    '<=': (a, b) => a <= b,
    '=': (a, b) => a === b,
    '!=': (a, b) => a !== b,
};

export function searchOf(world, query) {
    const text = query.get('q') ?? '';
    const limit = Number(query.get('limit') ?? 200);
    const compare = text.match(/([\w.]+)?\s*(>=|<=|!=|>|<|=)\s*(-?\d+(?:\.\d+)?)\s*$/);
    const words = text
        .slice(0, compare ? compare.index + (compare[1] ?? '').length : undefined)
        .toLowerCase()
        .split(/\s+/)
        .filter(Boolean);
    const found = [];
    for (const topic of world.topics.values()) {
        const name = topic.name.toLowerCase();
        const isNamed = words.every((word) => name.includes(word));
        const isValued =
            !compare ||
            (topic.last?.encoding === 'text' &&
                topic.last.payload !== '' &&
                comparisons[compare[2]](Number(topic.last.payload), Number(compare[3])));
        if (isNamed && isValued) found.push(topic.node);
    }
    return {
        items: found.slice(0, limit).map(topicOf),
        next: null,
        matches: found.length,
        took_ms: 3,
    };
}

export function topicDetailOf(world, topic) {
    return {
        ...topicOf(topic.node),
        publisher: topic.machine?.id ?? null,
        history: topic.history,
        subscriber_list: topic.subscribers,
        content_type: topic.content_type,
    };
}

export function nodeOf(world, listeners, limits) {
    return {
        name: world.options.name ?? 'gw-hall-2',
        version: '0.1.0',
        started_at: iso(world.started_ms),
        uptime_s: Math.floor((world.now_ms - world.started_ms) / 1000),
        shards: 4,
        pid: process.pid,
        resident_bytes: Math.round(world.newest().memory),
        store: world.store,
        listeners,
        hosts: ['localhost', '127.0.0.1', 'gw-hall-2', 'gw-hall-2.local'],
        limits,
    };
}

/** Without the keys themselves. */
export function tokensOf(world) {
    const items = world.tokens.map(({ secret: _secret, ...token }) => token);
    return { items, next: null };
}
