/* The mesh as a graph: nodes and links as every node tells of them, with what was measured on this
   node's own links. A link that one end alone tells of is down: the other end has given it up. */

import type { Mesh, MeshInviteList, MeshLink, MeshNode } from '../api/types';

export type NodeState = 'self' | 'connected' | 'reachable' | 'suspect' | 'down' | 'joining';

export interface GraphNode {
    id: string;
    name: string;
    role: MeshNode['role'];
    state: NodeState;
    isLeaving: boolean;
    /** Links on the way from this node; null if there is none. */
    hops: number | null;
    /** Numbers of its links in `links`. */
    links: number[];
}

export type LinkState = 'good' | 'lossy' | 'suspect' | 'down';

export interface GraphLink {
    key: string;
    /** Places in `nodes`; the smaller id first, or this node. */
    a: number;
    b: number;
    state: LinkState;
    /** Of sending from a to b and back; null where an end does not tell. */
    cost_ab: number | null;
    cost_ba: number | null;
    /** Of this node's own links only. */
    own: Measured | null;
}

export interface Measured {
    rtt_ms: number;
    loss: number;
    queue_bytes: number;
    custody: number;
}

export interface Graph {
    /** In order of id. */
    nodes: readonly GraphNode[];
    links: readonly GraphLink[];
    indexOf: ReadonlyMap<string, number>;
    self: number | null;
}

/** From here on a link counts as lossy. */
export const lossy_min = 0.01;

export const noGraph: Graph = { nodes: [], links: [], indexOf: new Map(), self: null };

function stateOf(node: MeshNode): NodeState {
    switch (node.state) {
        case 'self':
            return 'self';
        case 'neighbor':
            return 'connected';
        case 'suspect':
            return 'suspect';
        case 'reachable':
            return 'reachable';
        case 'unreachable':
            return 'down';
    }
}

/** Who used an invite and has told nothing of itself yet. */
function joining(known: ReadonlySet<string>, invites: MeshInviteList | null): GraphNode[] {
    const revoked = new Set(invites?.revoked.map((one) => one.node));
    const found = new Map<string, GraphNode>();
    for (const invite of invites?.items ?? []) {
        for (const use of invite.used_by) {
            if (!known.has(use.node) && !revoked.has(use.node)) {
                found.set(use.node, {
                    id: use.node,
                    name: use.name,
                    role: invite.role,
                    state: 'joining',
                    isLeaving: false,
                    hops: null,
                    links: [],
                });
            }
        }
    }
    return [...found.values()];
}

function byId(a: { id: string }, b: { id: string }): number {
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function graphOf(
    told: readonly MeshNode[],
    measured: readonly MeshLink[],
    invites: MeshInviteList | null,
): Graph {
    const known = new Set(told.map((node) => node.id));
    const nodes: GraphNode[] = [
        ...told.map((node) => ({
            id: node.id,
            name: node.name === '' ? node.id : node.name,
            role: node.role,
            state: stateOf(node),
            isLeaving: node.leaving,
            hops: null,
            links: [],
        })),
        ...joining(known, invites),
    ].sort(byId);
    const indexOf = new Map(nodes.map((node, index) => [node.id, index]));
    const self = nodes.findIndex((node) => node.state === 'self');
    const links = linksOf(told, indexOf, self);
    links.forEach((link, at) => {
        nodes[link.a]?.links.push(at);
        nodes[link.b]?.links.push(at);
    });
    for (const link of links) {
        measure(link, nodes, self, measured);
    }
    const graph = { nodes, links, indexOf, self: self < 0 ? null : self };
    countHops(graph);
    return graph;
}

function linksOf(
    told: readonly MeshNode[],
    indexOf: ReadonlyMap<string, number>,
    self: number,
): GraphLink[] {
    const links = new Map<string, GraphLink>();
    for (const node of told) {
        const from = indexOf.get(node.id) ?? 0;
        for (const { to, cost } of node.neighbors) {
            const other = indexOf.get(to);
            if (other === undefined || other === from) {
                continue;
            }
            const isFirst = other === self ? false : from === self || from < other;
            const [a, b] = isFirst ? [from, other] : [other, from];
            const key = isFirst ? `${node.id} ${to}` : `${to} ${node.id}`;
            const link = links.get(key) ?? {
                key,
                a,
                b,
                state: 'down',
                cost_ab: null,
                cost_ba: null,
                own: null,
            };
            link[isFirst ? 'cost_ab' : 'cost_ba'] = cost;
            link.state = link.cost_ab !== null && link.cost_ba !== null ? 'good' : 'down';
            links.set(key, link);
        }
    }
    return [...links.values()].sort((x, y) => (x.key < y.key ? -1 : 1));
}

function measure(
    link: GraphLink,
    nodes: readonly GraphNode[],
    self: number,
    measured: readonly MeshLink[],
): void {
    const other = nodes[link.b];
    if (link.a !== self || !other) {
        return;
    }
    const mine = measured.filter((one) => one.to === other.id && one.state === 'up');
    const best = mine[0];
    if (!best) {
        return;
    }
    link.own = {
        rtt_ms: best.rtt_ms,
        loss: best.loss,
        queue_bytes: mine.reduce((sum, one) => sum + one.queue, 0),
        custody: best.custody,
    };
    if (other.state === 'suspect') {
        link.state = 'suspect';
    } else if (best.loss >= lossy_min && link.state === 'good') {
        link.state = 'lossy';
    }
}

/** Links from this node, breadth first; nothing goes through a leaf or a link that is down. */
function countHops(graph: Graph): void {
    if (graph.self === null) {
        return;
    }
    const start = graph.nodes[graph.self];
    const queue: GraphNode[] = start ? [start] : [];
    if (start) {
        start.hops = 0;
    }
    for (let at = 0; at < queue.length; at += 1) {
        const node = queue[at];
        if (!node || (at > 0 && node.role === 'leaf')) {
            continue;
        }
        for (const index of node.links) {
            const other = otherEnd(graph, index, node);
            if (other && other.hops === null && graph.links[index]?.state !== 'down') {
                other.hops = (node.hops ?? 0) + 1;
                queue.push(other);
            }
        }
    }
}

export function otherEnd(graph: Graph, link: number, node: GraphNode): GraphNode | null {
    const ends = graph.links[link];
    if (!ends) {
        return null;
    }
    const at = graph.indexOf.get(node.id);
    return graph.nodes[ends.a === at ? ends.b : ends.a] ?? null;
}

/** What a drawing depends on: nodes and who is linked with whom, not how well. */
export function shapeKey(graph: Graph): string {
    return `${graph.nodes.map((node) => node.id).join(' ')}|${graph.links
        .map((link) => link.key)
        .join(',')}`;
}

export interface Tally {
    all: number;
    reached: number;
    down: readonly GraphNode[];
    suspect: readonly GraphNode[];
    joining: readonly GraphNode[];
}

export function tallyOf(graph: Graph): Tally {
    const of = (state: NodeState): GraphNode[] =>
        graph.nodes.filter((node) => node.state === state);
    const joins = of('joining');
    const down = of('down');
    return {
        all: graph.nodes.length - joins.length,
        reached: graph.nodes.length - joins.length - down.length,
        down,
        suspect: of('suspect'),
        joining: joins,
    };
}

/** Whether this browser's user sees a mesh at all, and what comes first if not. */
export type Stage = 'none' | 'joining' | 'off' | 'alone' | 'mesh';

export function stageOf(mesh: Mesh, graph: Graph): Stage {
    if (mesh.state === 'off') {
        return mesh.membership === 'none'
            ? 'none'
            : mesh.membership === 'joining'
              ? 'joining'
              : 'off';
    }
    return graph.nodes.length > 1 ? 'mesh' : 'alone';
}
