import { describe, expect, it } from 'vitest';
import type { MeshNode } from '../api/types';
import { arrange, layOut, readPlaces, writePlaces, type Places } from './layout';
import { graphOf, type Graph } from './model';

const wide = { width: 1_000, height: 600 };
const tall = { width: 390, height: 600 };
const id = (index: number): string => index.toString(16).padStart(16, '0');

function graph(count: number, links: readonly (readonly [number, number])[]): Graph {
    const nodes: MeshNode[] = Array.from({ length: count }, (_, index) => ({
        id: id(index + 1),
        name: `n${index}`,
        role: 'router',
        state: index === 0 ? 'self' : 'reachable',
        leaving: false,
        neighbors: links
            .filter((ends) => ends.includes(index))
            .map((ends) => ({
                to: id((ends[0] === index ? ends[1] : ends[0]) + 1),
                cost: 10,
            })),
    }));
    return graphOf(nodes, [], null);
}

/** Each linked with the next, and with one far away. */
function ring(count: number): Graph {
    const links = Array.from({ length: count }, (_, at) => [at, (at + 1) % count] as const);
    const chords = Array.from({ length: count }, (_, at) => [at, (at * 7 + 3) % count] as const);
    return graph(count, [...links, ...chords.filter(([a, b]) => a !== b)]);
}

function all(places: Places): { x: number; y: number }[] {
    return [...places.values()];
}

describe('where nodes stand', () => {
    it('is the same for the same mesh, every time', () => {
        expect([...arrange(ring(40), wide)]).toEqual([...arrange(ring(40), wide)]);
    });

    it('is within the frame, and nobody stands on another', () => {
        for (const frame of [wide, tall]) {
            const places = all(arrange(ring(60), frame));
            expect(places.every(({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1)).toBe(true);
            for (const [index, a] of places.entries()) {
                for (const b of places.slice(index + 1)) {
                    const apart = Math.hypot((a.x - b.x) * frame.width, (a.y - b.y) * frame.height);
                    expect(apart).toBeGreaterThan(20);
                }
            }
        }
    });

    it('brings neighbours nearer than strangers', () => {
        const chain = graph(
            9,
            Array.from({ length: 8 }, (_, at) => [at, at + 1] as const),
        );
        const places = arrange(chain, wide);
        const at = (index: number): number => places.get(id(index + 1))?.x ?? 0;
        const ends = Math.abs(at(0) - at(8));
        expect(ends).toBeCloseTo(1, 1);
        expect(Math.abs(at(0) - at(1))).toBeLessThan(0.3);
    });

    it('gives 300 nodes a place each', () => {
        const places = all(arrange(ring(300), tall));
        expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(300);
    });

    it('moves nobody when a node comes, and puts it beside its neighbour', () => {
        const before = layOut(ring(12), new Map(), wide);
        const grown = graph(13, [[0, 12], ...ringLinks(12)]);
        const after = layOut(grown, before, wide);
        for (const [node, place] of before) {
            expect(after.get(node)).toEqual(place);
        }
        const fresh = after.get(id(13));
        const neighbor = after.get(id(1));
        expect(fresh).toBeDefined();
        const apart = Math.hypot(
            ((fresh?.x ?? 0) - (neighbor?.x ?? 0)) * wide.width,
            ((fresh?.y ?? 0) - (neighbor?.y ?? 0)) * wide.height,
        );
        expect(apart).toBeGreaterThan(30);
        expect(apart).toBeLessThan(250);
    });

    it('moves nobody when a node goes, and keeps its place for it', () => {
        const before = layOut(ring(12), new Map(), wide);
        expect(layOut(ring(11), before, wide)).toBe(before);
    });

    it('starts anew when most are new', () => {
        const before = layOut(graph(2, [[0, 1]]), new Map(), wide);
        expect([...layOut(ring(12), before, wide)]).toEqual([...arrange(ring(12), wide)]);
    });

    it('has a place for a node without links, and for one alone', () => {
        const places = layOut(graph(3, [[0, 1]]), new Map(), wide);
        expect(places.size).toBe(3);
        expect(all(layOut(graph(1, []), new Map(), wide))).toEqual([{ x: 0.5, y: 0.5 }]);
        expect(layOut(graph(0, []), new Map(), wide).size).toBe(0);
    });

    it('can be kept as text, and what is no place is left out', () => {
        const places = arrange(ring(12), wide);
        expect([...readPlaces(writePlaces(places))]).toEqual([...places]);
        expect(readPlaces(null).size).toBe(0);
        expect(readPlaces('x,1,2 0000000000000001,2,0.5 0000000000000002,a,b').size).toBe(0);
    });
});

function ringLinks(count: number): [number, number][] {
    const links = Array.from({ length: count }, (_, at): [number, number] => [
        at,
        (at + 1) % count,
    ]);
    const chords = Array.from({ length: count }, (_, at): [number, number] => [
        at,
        (at * 7 + 3) % count,
    ]);
    return [...links, ...chords.filter(([a, b]) => a !== b)];
}
