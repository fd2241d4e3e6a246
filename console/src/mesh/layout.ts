/* Where the nodes of a drawing stand. The same graph gives the same places everywhere and always:
   nothing is random, and what stands stays. Only a node that is new is placed, beside its first
   neighbour that has a place; when most are new, all are placed anew.

   All at once is stress minimised by gradient descent over all pairs (Zheng, Pawar, Goodman 2018):
   the distance on the page follows the number of links between two nodes. 300 nodes take a few
   hundredths of a second. Places are shares of the frame, 0 to 1. */

import type { Graph } from './model';

export interface Place {
    x: number;
    y: number;
}
export type Places = ReadonlyMap<string, Place>;

export interface FrameSize {
    width: number;
    height: number;
}

/** Places of nodes that have gone are kept, so that they come back to them; so many at most. */
export const places_kept_max = 2_000;

const rounds_max = 30;
/** Above, fewer rounds: what is drawn that large shows shape, not detail. */
const pairs_a_round_max = 200_000;
const step_last = 0.1;

export function layOut(graph: Graph, known: Places, frame: FrameSize): Places {
    const fresh = graph.nodes.filter((node) => !known.has(node.id));
    if (fresh.length === 0) {
        return known;
    }
    if (fresh.length * 2 > graph.nodes.length) {
        return arrange(graph, frame);
    }
    const places = new Map(known);
    const isPlaced = (index: number): boolean => places.has(graph.nodes[index]?.id ?? '');
    let waiting = graph.nodes.map((_, index) => index).filter((index) => !isPlaced(index));
    // A chain of new nodes grows from what stands, link by link.
    while (waiting.length > 0) {
        const next =
            waiting.find((index) => neighborsOf(graph, index).some(isPlaced)) ?? waiting[0];
        if (next === undefined) {
            break;
        }
        places.set(graph.nodes[next]?.id ?? '', besideNeighbor(graph, next, places, frame));
        waiting = waiting.filter((index) => index !== next);
    }
    return new Map([...places].slice(-places_kept_max));
}

export function neighborsOf(graph: Graph, index: number): number[] {
    return (graph.nodes[index]?.links ?? []).map((at) => {
        const link = graph.links[at];
        return link ? (link.a === index ? link.b : link.a) : index;
    });
}

/** Of places around the first neighbour, the one that is farthest from everybody. */
function besideNeighbor(
    graph: Graph,
    index: number,
    places: ReadonlyMap<string, Place>,
    frame: FrameSize,
): Place {
    const shown = graph.nodes.flatMap((node) => places.get(node.id) ?? []);
    const beside = neighborsOf(graph, index)
        .map((one) => places.get(graph.nodes[one]?.id ?? ''))
        .find((place) => place !== undefined);
    const middle = beside ?? { x: 0.5, y: 0.94 };
    const reach = Math.min(0.22, 1.1 / Math.sqrt(graph.nodes.length));
    let best = middle;
    let best_room = -1;
    for (let turn = 0; turn < 32; turn += 1) {
        const angle = (turn * Math.PI) / 8;
        const radius = turn < 16 ? reach : reach * 0.6;
        const place = {
            x: clamp(middle.x + (Math.cos(angle) * radius * frame.height) / frame.width),
            y: clamp(middle.y + Math.sin(angle) * radius),
        };
        const room = Math.min(
            ...shown.map((one) => distance(one, place, frame)),
            distance(middle, place, frame) * 2,
        );
        if (room > best_room + 1e-9) {
            best = place;
            best_room = room;
        }
    }
    return best;
}

function clamp(share: number): number {
    return Math.min(0.98, Math.max(0.02, share));
}

function distance(a: Place, b: Place, frame: FrameSize): number {
    return Math.hypot((a.x - b.x) * frame.width, (a.y - b.y) * frame.height);
}

/** Everybody anew. */
export function arrange(graph: Graph, frame: FrameSize): Places {
    const count = graph.nodes.length;
    const x = new Float64Array(count);
    const y = new Float64Array(count);
    startOnSpiral(graph, x, y);
    minimiseStress(x, y, linkDistances(graph));
    return fit(graph, x, y, frame);
}

/** From this node outwards in order of hops, then of id: already near to what comes out. */
function startOnSpiral(graph: Graph, x: Float64Array, y: Float64Array): void {
    const far = graph.nodes.length;
    const order = graph.nodes
        .map((node, index) => ({ index, hops: node.hops ?? far }))
        .sort((a, b) => a.hops - b.hops || a.index - b.index);
    const golden = Math.PI * (3 - Math.sqrt(5));
    order.forEach(({ index }, rank) => {
        x[index] = Math.sqrt(rank) * Math.cos(rank * golden);
        y[index] = Math.sqrt(rank) * Math.sin(rank * golden);
    });
}

/** Links between each two nodes, breadth first from each; parts without a way stand apart. */
function linkDistances(graph: Graph): Uint16Array {
    const count = graph.nodes.length;
    const apart = Math.ceil(Math.sqrt(count)) + 1;
    const all = new Uint16Array(count * count).fill(apart);
    const near = graph.nodes.map((_, index) => neighborsOf(graph, index));
    const queue = new Int32Array(count);
    for (let from = 0; from < count; from += 1) {
        const seen = new Uint8Array(count);
        let end = 1;
        queue[0] = from;
        seen[from] = 1;
        all[from * count + from] = 0;
        for (let at = 0; at < end; at += 1) {
            const node = queue[at] ?? 0;
            const hops = (all[from * count + node] ?? 0) + 1;
            for (const other of near[node] ?? []) {
                if (seen[other] === 0) {
                    seen[other] = 1;
                    all[from * count + other] = hops;
                    queue[end] = other;
                    end += 1;
                }
            }
        }
    }
    return all;
}

function minimiseStress(x: Float64Array, y: Float64Array, wanted: Uint16Array): void {
    const count = x.length;
    const pairs = (count * (count - 1)) / 2;
    const rounds = pairs > pairs_a_round_max ? Math.ceil(rounds_max / 3) : rounds_max;
    const farthest = wanted.reduce((most, one) => Math.max(most, one), 1);
    const decay = Math.log((farthest * farthest) / step_last) / Math.max(1, rounds - 1);
    for (let round = 0; round < rounds; round += 1) {
        const step = farthest * farthest * Math.exp(-decay * round);
        // Pairs in another order each round, by a stride that has no divisor in common with them.
        const stride = strideOf(count, round);
        for (let turn = 0; turn < count; turn += 1) {
            const i = (turn * stride) % count;
            for (let j = 0; j < i; j += 1) {
                const hops = wanted[i * count + j] ?? 1;
                const dx = (x[i] ?? 0) - (x[j] ?? 0);
                const dy = (y[i] ?? 0) - (y[j] ?? 0);
                const length = Math.hypot(dx, dy) || 1e-6;
                const share = Math.min(1, step / (hops * hops));
                const move = (share * (length - hops)) / (2 * length);
                x[i] = (x[i] ?? 0) - move * dx;
                y[i] = (y[i] ?? 0) - move * dy;
                x[j] = (x[j] ?? 0) + move * dx;
                y[j] = (y[j] ?? 0) + move * dy;
            }
        }
    }
}

function strideOf(count: number, round: number): number {
    const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
    let stride = 1 + ((round * 7_919) % Math.max(1, count));
    while (divisor(stride, count) !== 1) {
        stride += 1;
    }
    return stride;
}

/** Turns the drawing so that its longer side lies along that of the frame, and fills the frame. */
function fit(graph: Graph, x: Float64Array, y: Float64Array, frame: FrameSize): Places {
    const count = x.length;
    const angle = principalAngle(x, y) - (frame.width >= frame.height ? 0 : Math.PI / 2);
    const [cos, sin] = [Math.cos(-angle), Math.sin(-angle)];
    const turned = Array.from({ length: count }, (_, at) => ({
        x: (x[at] ?? 0) * cos - (y[at] ?? 0) * sin,
        y: (x[at] ?? 0) * sin + (y[at] ?? 0) * cos,
    }));
    const [left, right] = extent(turned.map((one) => one.x));
    const [top, bottom] = extent(turned.map((one) => one.y));
    const places = turned.map((one) => ({
        x: right - left < 1e-6 ? 0.5 : (one.x - left) / (right - left),
        y: bottom - top < 1e-6 ? 0.5 : (one.y - top) / (bottom - top),
    }));
    spread(places, frame);
    return new Map(
        places.map((place, at) => [
            graph.nodes[at]?.id ?? '',
            { x: round(place.x), y: round(place.y) },
        ]),
    );
}

const spread_rounds = 40;
const apart_max_px = 84;

/** Pushes those apart that are too near to be told apart. Names lie flat: more room sideways. */
function spread(places: Place[], frame: FrameSize): void {
    const count = places.length;
    const room_px = Math.sqrt((frame.width * frame.height) / Math.max(1, count));
    const apart_px = Math.min(apart_max_px, room_px * 0.7);
    const flat = 1.3;
    for (let round_at = 0; round_at < spread_rounds; round_at += 1) {
        let isMoved = false;
        places.forEach((a, i) => {
            for (let j = 0; j < i; j += 1) {
                const b = places[j] ?? a;
                const dx = ((a.x - b.x) * frame.width) / flat;
                const dy = (a.y - b.y) * frame.height;
                const length = Math.hypot(dx, dy) || 1e-3;
                if (length >= apart_px) {
                    continue;
                }
                isMoved = true;
                const push = (apart_px - length) / (2 * length);
                const [x, y] = [(dx * push * flat) / frame.width, (dy * push) / frame.height];
                a.x = Math.min(1, Math.max(0, a.x + x));
                a.y = Math.min(1, Math.max(0, a.y + y));
                b.x = Math.min(1, Math.max(0, b.x - x));
                b.y = Math.min(1, Math.max(0, b.y - y));
            }
        });
        if (!isMoved) {
            return;
        }
    }
}

/** Places are kept as text: four digits are a tenth of a pixel. */
function round(share: number): number {
    return Math.round(share * 10_000) / 10_000;
}

function extent(values: readonly number[]): [number, number] {
    return [Math.min(...values, Infinity), Math.max(...values, -Infinity)];
}

function principalAngle(x: Float64Array, y: Float64Array): number {
    const count = Math.max(1, x.length);
    const mean_x = x.reduce((sum, one) => sum + one, 0) / count;
    const mean_y = y.reduce((sum, one) => sum + one, 0) / count;
    let xx = 0;
    let yy = 0;
    let xy = 0;
    x.forEach((one, at) => {
        const dx = one - mean_x;
        const dy = (y[at] ?? 0) - mean_y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    });
    return Math.atan2(2 * xy, xx - yy) / 2;
}

/** For the browser's storage; null for what is none. */
export function readPlaces(text: string | null): Places {
    const places = new Map<string, Place>();
    for (const entry of (text ?? '').split(' ')) {
        const [id, x, y] = entry.split(',');
        const place = { x: Number(x), y: Number(y) };
        const isWhole = /^[0-9a-f]{16}$/.test(id ?? '') && x !== undefined && y !== undefined;
        if (isWhole && place.x >= 0 && place.x <= 1 && place.y >= 0 && place.y <= 1) {
            places.set(id ?? '', place);
        }
    }
    return places;
}

export function writePlaces(places: Places): string {
    return [...places]
        .slice(-places_kept_max)
        .map(([id, place]) => `${id},${round(place.x)},${round(place.y)}`)
        .join(' ');
}
