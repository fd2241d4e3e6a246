import { describe, expect, it } from 'vitest';
import type { MeshInviteList, MeshLink, MeshNode } from '../api/types';
import { freeSides, placeLabels } from './labels';
import { ratesOf } from './mesh_model';
import { graphOf, otherEnd, stageOf, tallyOf, type Graph } from './model';
import {
    clampView,
    costAlong,
    kindOf,
    linesOf,
    linksOnWay,
    nodeAt,
    nodeTowards,
    notesAt,
    wholeView,
    zoomAt,
} from './scene';
import { factOf, isHigh, measureText, percent, queueTicks, sentenceOf, spoken } from './words';

const id = (index: number): string => index.toString(16).padStart(16, '0');

function node(index: number, state: MeshNode['state'], neighbors: readonly number[]): MeshNode {
    return {
        id: id(index),
        name: `n${index}`,
        role: 'router',
        state,
        leaving: false,
        neighbors: neighbors.map((to) => ({ to: id(to), cost: 10 + to })),
    };
}

function link(to: number, more: Partial<MeshLink> = {}): MeshLink {
    return {
        to: id(to),
        address: `10.0.0.${to}:7883`,
        dialled: true,
        state: 'up',
        rtt_ms: 1.5,
        loss: 0,
        cost: 11,
        queue: 0,
        custody: 2,
        received_bytes: 1_000,
        sent_bytes: 2_000,
        age_ms: 60_000,
        ...more,
    };
}

/* 2 is this node; 1 and 3 are its neighbours, 4 is behind 3, 5 is gone. */
const told = [
    node(1, 'neighbor', [2]),
    node(2, 'self', [1, 3]),
    node(3, 'suspect', [2, 4]),
    node(4, 'reachable', [3]),
    node(5, 'unreachable', [2]),
];

function plant(links: readonly MeshLink[] = [link(1), link(3)]): Graph {
    return graphOf(told, links, null);
}

function linkOf(graph: Graph, key: string) {
    const found = graph.links.find((one) => one.key === key);
    expect(found, key).toBeDefined();
    return found as NonNullable<typeof found>;
}

describe('the graph of the mesh', () => {
    it('has a link where both ends tell of it, and a dead one where one does', () => {
        const graph = plant();
        expect(graph.links.map((one) => [one.key, one.state])).toEqual([
            [`${id(2)} ${id(1)}`, 'good'],
            [`${id(2)} ${id(3)}`, 'suspect'],
            [`${id(2)} ${id(5)}`, 'down'],
            [`${id(3)} ${id(4)}`, 'good'],
        ]);
        const own = linkOf(graph, `${id(2)} ${id(1)}`);
        expect([own.cost_ab, own.cost_ba]).toEqual([11, 12]);
    });

    it('knows what was measured on the links of this node alone', () => {
        const graph = plant([
            link(1, { loss: 0.03, queue: 5 }),
            link(1, { queue: 7, address: 'b' }),
        ]);
        const own = linkOf(graph, `${id(2)} ${id(1)}`);
        expect(own.state).toBe('lossy');
        expect(own.own).toEqual({ rtt_ms: 1.5, loss: 0.03, queue_bytes: 12, custody: 2 });
        expect(linkOf(graph, `${id(3)} ${id(4)}`).own).toBeNull();
    });

    it('counts hops from this node, not through leaves nor over dead links', () => {
        const graph = plant();
        expect(graph.nodes.map((one) => one.hops)).toEqual([1, 0, 1, 2, null]);
        const leaf = graphOf(
            told.map((one) => (one.id === id(3) ? { ...one, role: 'leaf' as const } : one)),
            [],
            null,
        );
        expect(leaf.nodes.map((one) => one.hops)).toEqual([1, 0, 1, null, null]);
    });

    it('shows who was let in and has told nothing yet as joining, until revoked', () => {
        const invites: MeshInviteList = {
            items: [
                {
                    id: id(99),
                    role: 'router',
                    uses: 3,
                    uses_left: 0,
                    overspent: false,
                    created_at: '2026-11-23T08:00:00.000Z',
                    expires_at: '2026-11-23T09:00:00.000Z',
                    used_by: [1, 7, 8].map((one) => ({
                        node: id(one),
                        name: `new-${one}`,
                        at: '2026-11-23T08:00:00.000Z',
                    })),
                },
            ],
            revoked: [{ node: id(8), at: '2026-11-23T08:30:00.000Z' }],
            next: null,
        };
        const tally = tallyOf(graphOf(told, [], invites));
        expect(tally.joining.map((one) => one.name)).toEqual(['new-7']);
        expect(tally.all).toBe(5);
    });

    it('ignores a neighbour that nobody knows, and a node that names itself', () => {
        const graph = graphOf([node(1, 'self', [1, 9])], [], null);
        expect(graph.links).toEqual([]);
    });

    it('finds the other end of a link', () => {
        const graph = plant();
        const [first] = graph.nodes;
        expect(first && otherEnd(graph, first.links[0] ?? -1, first)?.name).toBe('n2');
    });
});

describe('words of the mesh', () => {
    it('say first what is true now', () => {
        expect(sentenceOf(tallyOf(plant()))).toBe(
            '4 of 5 nodes can be reached; n5 cannot. n3 does not answer, and traffic goes around.',
        );
        const whole = graphOf(told.slice(0, 2), [link(1)], null);
        expect(sentenceOf(tallyOf(whole))).toBe('All 2 nodes can be reached.');
        const alone = graphOf([node(2, 'self', [])], [], null);
        expect(sentenceOf(tallyOf(alone))).toBe('This node is alone in its mesh.');
    });

    it('name at most three, and count the rest', () => {
        const many = graphOf(
            [
                node(1, 'self', []),
                ...Array.from({ length: 9 }, (_, at) => node(at + 2, 'unreachable', [])),
            ],
            [],
            null,
        );
        expect(sentenceOf(tallyOf(many))).toContain('n2, n3, n4 and 6 more cannot.');
    });

    it('tell one fact of a node, and all of it to who does not see', () => {
        const graph = plant();
        expect(graph.nodes.map((one) => factOf(graph, one))).toEqual([
            '1.50 ms',
            'this node',
            'suspect',
            '2 hops',
            'down',
        ]);
        expect(graph.nodes.map((one) => spoken(graph, one))[0]).toBe(
            'n1, router, connected, 1.50 ms away',
        );
    });

    it('show the measure that was chosen, and which of them are high', () => {
        const graph = plant([link(1, { loss: 0.031, rtt_ms: 62, queue: 41_300 }), link(3)]);
        const bad = linkOf(graph, `${id(2)} ${id(1)}`);
        expect(measureText(bad, 'cost')).toBe('cost 12');
        expect(measureText(bad, 'delay')).toBe('62.0 ms');
        expect(measureText(bad, 'loss')).toBe('3.1 % lost');
        expect(measureText(bad, 'queue')).toBe('41.3 kB wait');
        expect(['delay', 'loss', 'queue'].every((one) => isHigh(bad, one as 'delay'))).toBe(true);
        const far = linkOf(graph, `${id(3)} ${id(4)}`);
        expect(measureText(far, 'delay')).toBeNull();
        expect(isHigh(far, 'cost')).toBe(false);
    });

    it('count in powers of ten what waits, and write shares as people do', () => {
        expect([999, 1_000, 9_999, 10_000, 100_000, 9e9].map(queueTicks)).toEqual([
            0, 1, 1, 2, 3, 4,
        ]);
        expect([0, 0.0004, 0.031, 0.5].map(percent)).toEqual(['0', '< 0.1', '3.1', '50']);
    });
});

describe('the stage that a node is at', () => {
    const mesh = {
        state: 'off' as const,
        reason: 'because',
        membership: 'none' as const,
        mesh: null,
        may_invite: false,
        node: null,
        name: null,
        address: null,
        peers: [],
        unreachable: 0,
        parted: false,
        custody: 0,
        spool: { messages: 0, bytes: 0 },
        drops: [],
        discovery: { beacons: false, mdns: false, heard: 0, candidates: 0 },
    };
    it('is no mesh, joining, off, alone, or a mesh', () => {
        expect(stageOf(mesh, plant())).toBe('none');
        expect(stageOf({ ...mesh, membership: 'joining' }, plant())).toBe('joining');
        expect(stageOf({ ...mesh, membership: 'member' }, plant())).toBe('off');
        const on = { ...mesh, state: 'on' as const, membership: 'member' as const };
        expect(stageOf(on, graphOf([node(1, 'self', [])], [], null))).toBe('alone');
        expect(stageOf(on, plant())).toBe('mesh');
    });
});

describe('the drawing', () => {
    const points = [
        { x: 0, y: 0 },
        { x: 100, y: 10 },
        { x: 200, y: 0 },
        { x: 100, y: 90 },
        { x: 300, y: 300 },
    ];

    it('has one path for all links that look the same', () => {
        const graph = plant();
        const lines = linesOf(graph, points, linksOnWay(graph, [id(2), id(1)]));
        expect([...lines.keys()].sort()).toEqual(['down', 'far', 'suspect', 'way']);
        expect(lines.get('way')).toBe('M100 10L0 0');
        const own = linkOf(graph, `${id(2)} ${id(1)}`);
        expect(costAlong(graph, own, [id(2), id(1)])).toBe(11);
        expect(costAlong(graph, own, [id(1), id(2)])).toBe(12);
        expect(kindOf(linkOf(graph, `${id(3)} ${id(4)}`))).toBe('far');
    });

    it('finds the node under a pointer, if one is near enough', () => {
        expect(nodeAt(points, { x: 104, y: 20 }, 28)).toBe(1);
        expect(nodeAt(points, { x: 104, y: 50 }, 28)).toBeNull();
    });

    it('goes by arrow to the next node in that direction', () => {
        expect(nodeTowards(points, 0, 'ArrowRight')).toBe(1);
        expect(nodeTowards(points, 1, 'ArrowRight')).toBe(2);
        expect(nodeTowards(points, 1, 'ArrowDown')).toBe(3);
        expect(nodeTowards(points, 0, 'ArrowLeft')).toBeNull();
    });

    it('keeps the point under the pointer when it is enlarged, and stays within the frame', () => {
        const close = zoomAt(wholeView, 2, { x: 0.75, y: 0.5 });
        expect(close).toEqual({ zoom: 2, x: 0.625, y: 0.5 });
        expect(zoomAt(close, 0.1, { x: 0, y: 0 })).toEqual(wholeView);
        expect(clampView({ zoom: 2, x: 9, y: -9 })).toEqual({ zoom: 2, x: 0.75, y: 0.25 });
    });

    it('puts names where nothing is, the important ones first, and leaves out the rest', () => {
        const marks = [
            { x: 100, y: 100, radius: 8 },
            { x: 104, y: 104, radius: 8 },
        ];
        const wish = (mark: number, isNeeded: boolean) => ({
            mark,
            width: 300,
            height: 90,
            isNeeded,
        });
        const frame = { width: 400, height: 220 };
        const placed = placeLabels(marks, [wish(0, true), wish(1, false), wish(1, true)], frame);
        expect(placed[0]).not.toBeNull();
        expect(placed[1]).toBeNull();
        expect(placed[2]).not.toBeNull();
    });

    it('leaves out a note that would stand on another, but never one on the way', () => {
        const from = { x: 0, y: 0 };
        const to = { x: 100, y: 0 };
        const lines = [
            [from, to],
            [from, to],
            [from, to],
        ] as const;
        const wish = (text: string, isFirst = false) => ({ text, isFirst });
        const notes = notesAt([wish('a'), wish('b', true), wish('c', true)], lines);
        expect(notes.map((note) => note?.text)).toEqual([undefined, 'b', 'c']);
        expect(notesAt([wish('a')], [[to, from]])[0]).toEqual({
            text: 'a',
            x: 50,
            y: -8,
            anchor: 'middle',
        });
    });

    it('looks for the side of a mark that no line takes', () => {
        expect(freeSides([Math.PI / 2])[0]).not.toBe('bottom');
        expect(freeSides([Math.PI / 2, -Math.PI / 2, 0]).slice(0, 1)).toEqual(['left']);
        expect(freeSides([])[0]).toBe('bottom');
    });
});

describe('rates of links', () => {
    it('come from two readings of the same connection', () => {
        const before = { at_ms: 1_000, items: [link(1), link(3)] };
        const now = {
            at_ms: 3_000,
            items: [
                link(1, { received_bytes: 5_000, sent_bytes: 2_500, age_ms: 62_000 }),
                link(3, { age_ms: 1_000 }),
                link(4),
            ],
        };
        expect(ratesOf(null, before).size).toBe(0);
        expect(ratesOf(now, before).size).toBe(0);
        const rates = ratesOf(before, now);
        expect([...rates]).toEqual([
            [`${id(1)} 10.0.0.1:7883`, { in_bytes_per_s: 2_000, out_bytes_per_s: 250 }],
        ]);
    });
});
