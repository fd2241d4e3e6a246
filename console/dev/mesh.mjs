/* The mesh behind the mock node: a plant of 14 nodes, as many more as asked for, none, or this node
   alone. Ways are computed as the node does it. */

import { makeRandom } from './random.mjs';

const iso = (time_ms) => new Date(time_ms).toISOString();
const ok = (value, status = 200) => ({ status, value });
const problem = (status, code, detail) => ({
    status,
    value: { type: 'about:blank', title: 'Problem', status, code, detail },
});

/* name, role; the first one is this node */
const plant = [
    ['gw-hall-2', 'router'],
    ['hub-1', 'router'],
    ['hub-2', 'router'],
    ['core-a', 'router'],
    ['core-b', 'router'],
    ['hall-1', 'router'],
    ['hall-3', 'router'],
    ['press-gw', 'router'],
    ['paint-gw', 'router'],
    ['dock-gw', 'router'],
    ['yard-radio', 'router'],
    ['pump-house', 'router'],
    ['truck-12', 'leaf'],
    ['truck-31', 'leaf'],
];
/* a, b, round trip in ms, loss; negative: a alone tells of it, b is gone */
const plantLinks = [
    ['hub-1', 'hub-2', 0.3, 0],
    ['hub-1', 'core-a', 0.4, 0],
    ['hub-1', 'core-b', 0.5, 0],
    ['hub-2', 'core-b', 0.4, 0],
    ['hub-2', 'core-a', 0.6, 0],
    ['core-a', 'core-b', 0.3, 0],
    ['core-a', 'hall-1', 0.9, 0],
    ['core-a', 'gw-hall-2', 1.2, 0],
    ['core-b', 'gw-hall-2', 1.1, 0],
    ['core-b', 'hall-3', 1.0, 0],
    ['hall-1', 'press-gw', 0.8, 0],
    ['hall-1', 'gw-hall-2', 1.4, 0],
    ['gw-hall-2', 'press-gw', 0.8, 0],
    ['gw-hall-2', 'hall-3', 1.3, 0.031],
    ['paint-gw', 'gw-hall-2', -1, 0],
    ['paint-gw', 'hall-3', -1, 0],
    ['hall-3', 'dock-gw', 2, 0.002],
    ['hub-2', 'yard-radio', 6.9, 0.006],
    ['yard-radio', 'pump-house', 62.2, 0.078],
    ['yard-radio', 'truck-12', 38, 0.031],
    ['gw-hall-2', 'truck-31', 11, 0.004],
];
const queued = { 'hall-3': [41_300, 212], 'core-b': [3_120, 16], 'truck-31': [318_000, 1_902] };

const idOf = (index) =>
    (0x3f0c_9a1b_0000_0000n + BigInt(index) * 0x9e37_79b9n).toString(16).padStart(16, '0');
const costOf = (rtt_ms, loss) => Math.round((10 / (1 - loss)) * (1 + rtt_ms / 20));

/** Nodes on a floor, each linked with its nearest, and with a router before it; seeded. */
function floor(count) {
    const random = makeRandom(7);
    const at = Array.from({ length: count }, () => [random(), random()]);
    const names = at.map((_, index) => [
        index === 0 ? 'gw-hall-2' : `node-${String(index).padStart(3, '0')}`,
        index > 0 && index % 9 === 0 ? 'leaf' : 'router',
    ]);
    const links = new Map();
    at.forEach(([x, y], from) => {
        const sorted = at
            .map(([u, v], to) => ({ to, far: Math.hypot(x - u, y - v) }))
            .filter((one) => one.to !== from)
            .sort((a, b) => a.far - b.far);
        const before = sorted.find((one) => one.to < from && names[one.to][1] === 'router');
        const near = [...sorted.slice(0, 2), ...(before ? [before] : [])];
        for (const { to, far } of near) {
            const [a, b] = from < to ? [from, to] : [to, from];
            const loss = (a + b) % 37 === 0 ? 0.05 : 0;
            links.set(`${a} ${b}`, [names[a][0], names[b][0], 0.4 + far * 90, loss]);
        }
    });
    return { names, links: [...links.values()] };
}

export class Mesh {
    constructor(world) {
        this.world = world;
        /* 'plant', 'alone', 'none', 'joining', 'off' or a number of nodes */
        this.kind = world.options.mesh ?? (world.options.isEmpty ? 'none' : 'plant');
        this.revoked = [];
        this.invites = [];
        this.mayInvite = true;
    }

    get shape() {
        if (this.kind === 'plant') return { names: plant, links: plantLinks };
        if (typeof this.kind === 'number') return floor(this.kind);
        return { names: plant.slice(0, 1), links: [] };
    }

    get isOn() {
        return !['none', 'joining', 'off'].includes(this.kind);
    }

    nodes() {
        if (!this.isOn) return [];
        const { names, links } = this.shape;
        const index = new Map(names.map(([name], at) => [name, at]));
        const tells = names.map(() => []);
        for (const [a, b, rtt_ms, loss] of links) {
            const cost = costOf(Math.abs(rtt_ms), loss);
            tells[index.get(a)].push({ to: idOf(index.get(b)), cost });
            if (rtt_ms >= 0) tells[index.get(b)].push({ to: idOf(index.get(a)), cost: cost + 1 });
        }
        const near = new Set(tells[0].map((one) => one.to));
        return names.map(([name, role], at) => ({
            id: idOf(at),
            name,
            role,
            state:
                at === 0
                    ? 'self'
                    : name === 'paint-gw'
                      ? 'unreachable'
                      : name === this.suspect
                        ? 'suspect'
                        : near.has(idOf(at))
                          ? 'neighbor'
                          : 'reachable',
            leaving: false,
            neighbors: tells[at].sort((a, b) => (a.to < b.to ? -1 : 1)),
        }));
    }

    links() {
        if (!this.isOn) return [];
        const { names, links } = this.shape;
        const self = names[0][0];
        const seconds = this.world.now_ms / 1000;
        return links
            .filter(([a, b, rtt_ms]) => (a === self || b === self) && rtt_ms >= 0)
            .map(([a, b, rtt_ms, loss], at) => {
                const other = a === self ? b : a;
                const [queue, custody] = queued[other] ?? [0, at % 3];
                const bytes = Math.round((seconds % 1e6) * (1_200 + 800 * at));
                return {
                    to: idOf(names.findIndex(([name]) => name === other)),
                    address: `10.4.${at}.${at + 2}:7883`,
                    dialled: at % 2 === 0,
                    state: 'up',
                    rtt_ms,
                    loss,
                    cost: costOf(rtt_ms, loss),
                    queue,
                    custody,
                    received_bytes: bytes,
                    sent_bytes: Math.round(bytes * 1.3),
                    age_ms: 3_600_000 * (at + 2),
                };
            });
    }

    mesh() {
        const reasons = {
            none: 'this node belongs to no mesh',
            joining: 'this node has a token, and has not been let in yet',
            off: 'mesh.address is "off"',
        };
        const membership = { none: 'none', joining: 'joining' }[this.kind] ?? 'member';
        return {
            state: this.isOn ? 'on' : 'off',
            reason: reasons[this.kind] ?? null,
            membership,
            mesh: membership === 'none' ? null : 'b3f1c04a77d2e918',
            may_invite: membership === 'member' && this.mayInvite,
            node: this.isOn ? idOf(0) : null,
            name: 'gw-hall-2',
            address: this.isOn ? '0.0.0.0:7883' : null,
            peers: this.isOn
                ? [
                      { peer: 'core-a:7883', state: 'linked', failed_rounds: 0 },
                      { peer: 'paint-gw:7883', state: 'waiting', failed_rounds: 41 },
                  ]
                : [],
            unreachable: 1,
            parted: false,
            custody: 2_130,
            spool: { messages: 1_200, bytes: 1_843_200 },
            drops: [
                { reason: 'no_route', count: 12 },
                { reason: 'hop_limit', count: 0 },
                { reason: 'congestion', count: 3 },
            ],
            discovery: {
                beacons: this.isOn,
                mdns: this.isOn,
                heard: this.isOn ? 9 : 0,
                candidates: this.isOn ? 13 : 0,
            },
        };
    }

    find(text) {
        return this.nodes().find((node) => node.id === text || node.name === text);
    }

    /** Dijkstra over links that both ends tell of. */
    trace(query) {
        const nodes = this.nodes();
        const from = query.get('from') ? this.find(query.get('from')) : nodes[0];
        const to = this.find(query.get('to') ?? '');
        if (!from || !to) return problem(404, 'mesh.unknown', 'no node has this id or name');
        const byId = new Map(nodes.map((node) => [node.id, node]));
        const best = new Map([[from.id, { cost: 0, before: null }]]);
        const open = new Set([from.id]);
        while (open.size > 0) {
            const at = [...open].sort((a, b) => best.get(a).cost - best.get(b).cost)[0];
            open.delete(at);
            const node = byId.get(at);
            if (node.role === 'leaf' && at !== from.id) continue;
            for (const { to: next, cost } of node.neighbors) {
                const isBoth = byId.get(next)?.neighbors.some((one) => one.to === at);
                const sum = best.get(at).cost + cost;
                if (isBoth && sum < (best.get(next)?.cost ?? Infinity)) {
                    best.set(next, { cost: sum, before: at });
                    open.add(next);
                }
            }
        }
        const way = [];
        for (let at = best.has(to.id) ? to.id : null; at !== null; at = best.get(at).before) {
            way.unshift(byId.get(at));
        }
        const measured = new Map(this.links().map((link) => [link.to, link]));
        return ok({
            from: from.id,
            to: to.id,
            state: way.length === 0 ? 'unreachable' : 'reachable',
            cost: best.get(to.id)?.cost ?? 0,
            alternative: from.id === nodes[0].id && way.length > 2 ? (nodes[4]?.id ?? null) : null,
            hops: way.map((node, at) => {
                const next = way[at + 1];
                const own = node.id === nodes[0].id && next ? measured.get(next.id) : undefined;
                return {
                    node: node.id,
                    name: node.name,
                    cost: next ? node.neighbors.find((one) => one.to === next.id).cost : null,
                    rtt_ms: own?.rtt_ms ?? null,
                    loss: own?.loss ?? null,
                    queue: own?.queue ?? null,
                    custody: own?.custody ?? null,
                };
            }),
        });
    }

    answerInvites(method, body) {
        if (!this.mesh().may_invite) {
            return problem(
                409,
                'mesh.conflict',
                'this node holds no key of the mesh; ask the one that founded it',
            );
        }
        if (method === 'GET') {
            const revoked = this.revoked.map((node) => ({ node, at: iso(this.world.now_ms) }));
            return ok({ items: this.invites, revoked, next: null });
        }
        const id = idOf(9_000 + this.invites.length);
        const expires_at = iso(this.world.now_ms + (body.expires_in_s ?? 900) * 1000);
        const terms = { role: body.role ?? 'router', uses: body.uses ?? 1 };
        this.invites.push({
            id,
            ...terms,
            uses_left: terms.uses,
            overspent: false,
            created_at: iso(this.world.now_ms),
            expires_at,
            used_by: [],
        });
        const token = `kith1.${'AQABk8mVd2wX0pLtR7uYcN4eGz5sJhQ1oKbFiEvTyUxWnMqDrSaPlCgHjOkZ'.repeat(3).slice(0, 150)}`;
        return ok({ id, token, ...terms, expires_at, addresses: ['10.4.0.2:7883'] }, 201);
    }

    directory() {
        const nodes = this.nodes();
        const items = [
            ['coffee-maker-2', 'coffee-maker', ['brew', 'descale'], 'Kitchen, first floor'],
            ['label-printer', 'printer', ['print'], null],
            ['oven-1', 'oven', ['heat', 'grill', 'steam', 'dry'], null],
        ].map(([machine, type, capabilities, name], i) => ({
            machine,
            type,
            name,
            td: null,
            capabilities,
            topics: [`${machine}/#`],
            node: nodes[i % nodes.length]?.id ?? null,
            node_name: nodes[i % nodes.length]?.name ?? null,
            since: iso(this.world.now_ms - (i + 1) * 640_000),
        }));
        return { items, next: null, total: items.length };
    }

    answer(method, rest, query, body) {
        const [, part = '', id] = rest.split('/');
        switch (part) {
            case '':
                if (method === 'POST') {
                    this.kind = body.token ? 'joining' : 'alone';
                    return { status: 204 };
                }
                return ok(this.mesh());
            case 'nodes':
                if (method === 'DELETE') {
                    this.revoked.push(id);
                    return { status: 204 };
                }
                return ok({ items: this.nodes(), next: null });
            case 'links':
                return ok({ items: this.links(), next: null });
            case 'directory':
                return ok(this.directory());
            case 'trace':
                return this.trace(query);
            case 'invites':
                return this.answerInvites(method, body);
            default:
                return null;
        }
    }
}
