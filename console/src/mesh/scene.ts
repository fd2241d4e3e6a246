/* From graph and places to what is drawn: points in pixels, with zoom and pan; lines grouped by how
   they look, so that thousands of links are a handful of elements. Pure, for tests. */

import { costOf } from './words';
import type { Graph, GraphLink } from './model';
import type { FrameSize, Places } from './layout';
import { freeSides, placeLabels, type Mark, type Side, type Wish } from './labels';

export interface View {
    zoom: number;
    /** Of the middle of the window, in shares of the frame. */
    x: number;
    y: number;
}

export const wholeView: View = { zoom: 1, x: 0.5, y: 0.5 };
export const zoom_max = 8;

export interface Point {
    x: number;
    y: number;
}

/** Marks get smaller where there are many, and grow again with the zoom. */
export function markRadius(count: number, zoom: number): number {
    const base = count <= 60 ? 9 : count <= 150 ? 6 : 4;
    return Math.min(9, base * Math.sqrt(zoom));
}

export function pad(frame: FrameSize): Point {
    return frame.width < 620 ? { x: 36, y: 36 } : { x: 64, y: 48 };
}

export function pointsOf(graph: Graph, places: Places, frame: FrameSize, view: View): Point[] {
    const margin = pad(frame);
    return graph.nodes.map((node) => {
        const place = places.get(node.id) ?? { x: 0.5, y: 0.5 };
        const x = margin.x + place.x * (frame.width - 2 * margin.x);
        const y = margin.y + place.y * (frame.height - 2 * margin.y);
        return {
            x: (x - view.x * frame.width) * view.zoom + frame.width / 2,
            y: (y - view.y * frame.height) * view.zoom + frame.height / 2,
        };
    });
}

/** The window stays within the frame. */
export function clampView(view: View): View {
    const zoom = Math.min(zoom_max, Math.max(1, view.zoom));
    const half = 0.5 / zoom;
    const within = (share: number): number => Math.min(1 - half, Math.max(half, share));
    return { zoom, x: within(view.x), y: within(view.y) };
}

/** Zooms so that the point under the pointer stays there; in shares of the window. */
export function zoomAt(view: View, factor: number, at: Point): View {
    const zoom = Math.min(zoom_max, Math.max(1, view.zoom * factor));
    const shift = 1 / view.zoom - 1 / zoom;
    return clampView({
        zoom,
        x: view.x + (at.x - 0.5) * shift,
        y: view.y + (at.y - 0.5) * shift,
    });
}

export type LineKind = 'near' | 'far' | 'lossy' | 'suspect' | 'down' | 'way';

const near_cost_max = 12;

export function kindOf(link: GraphLink): LineKind {
    if (link.state === 'good') {
        return (costOf(link) ?? 0) <= near_cost_max ? 'near' : 'far';
    }
    return link.state;
}

/** Keys of the links along a way of node ids. */
export function linksOnWay(graph: Graph, way: readonly string[]): Set<string> {
    const found = new Set<string>();
    for (let at = 1; at < way.length; at += 1) {
        const [from, to] = [way[at - 1] ?? '', way[at] ?? ''];
        found.add(`${from} ${to}`);
        found.add(`${to} ${from}`);
    }
    return new Set(graph.links.map((link) => link.key).filter((key) => found.has(key)));
}

/** Of sending over a link in the direction of the way; null if an end does not tell. */
export function costAlong(graph: Graph, link: GraphLink, way: readonly string[]): number | null {
    const at = (index: number): number => way.indexOf(graph.nodes[index]?.id ?? '');
    return at(link.a) < at(link.b) ? link.cost_ab : link.cost_ba;
}

export function lineText(from: Point, to: Point): string {
    return `M${px(from.x)} ${px(from.y)}L${px(to.x)} ${px(to.y)}`;
}

export function px(value: number): number {
    return Math.round(value * 10) / 10;
}

/** One path for each look. */
export function linesOf(
    graph: Graph,
    points: readonly Point[],
    onWay: ReadonlySet<string>,
): Map<LineKind, string> {
    const lines = new Map<LineKind, string>();
    for (const link of graph.links) {
        const [from, to] = [points[link.a], points[link.b]];
        if (from && to) {
            const kind = onWay.has(link.key) ? 'way' : kindOf(link);
            lines.set(kind, (lines.get(kind) ?? '') + lineText(from, to));
        }
    }
    return lines;
}

export interface Note {
    text: string;
    x: number;
    y: number;
    anchor: 'start' | 'middle' | 'end';
}

export interface NoteWish {
    text: string | null;
    /** Before the others, and stands also where another one would be. */
    isFirst: boolean;
}

const note_letter_px = 6.6;
const note_height_px = 15;

/** Beside the middle of each line; one that would stand on another is left out. */
export function notesAt(
    wishes: readonly NoteWish[],
    lines: readonly (readonly [Point | undefined, Point | undefined])[],
): (Note | null)[] {
    const notes: (Note | null)[] = wishes.map(() => null);
    const taken: { left: number; right: number; y: number }[] = [];
    const order = wishes
        .map((wish, index) => ({ ...wish, index }))
        .sort((a, b) => Number(b.isFirst) - Number(a.isFirst) || a.index - b.index);
    for (const { text, isFirst, index } of order) {
        const [from, to] = lines[index] ?? [];
        if (text === null || !from || !to) {
            continue;
        }
        const note = noteBeside(from, to, text);
        const width = text.length * note_letter_px;
        const share = note.anchor === 'start' ? 0 : note.anchor === 'end' ? 1 : 0.5;
        const left = note.x - width * share;
        const box = { left, right: left + width, y: note.y };
        const isTaken = taken.some(
            (one) =>
                one.left < box.right &&
                box.left < one.right &&
                Math.abs(one.y - box.y) < note_height_px,
        );
        if (isFirst || !isTaken) {
            notes[index] = note;
            taken.push(box);
        }
    }
    return notes;
}

/** Always on the same side of a line, whichever end is named first. */
function noteBeside(from: Point, to: Point, text: string): Note {
    const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
    const side = ux < 0 || (ux === 0 && uy < 0) ? -1 : 1;
    const isFlat = Math.abs(uy) < 0.5;
    const away = isFlat ? 12 : 9;
    return {
        text,
        x: (from.x + to.x) / 2 + uy * side * away,
        y: (from.y + to.y) / 2 - ux * side * away + 4,
        anchor: isFlat ? 'middle' : uy * side > 0 ? 'start' : 'end',
    };
}

/** The node under the pointer: the nearest one that is near enough. */
export function nodeAt(points: readonly Point[], at: Point, reach_px: number): number | null {
    let best: number | null = null;
    let best_px = reach_px;
    points.forEach((point, index) => {
        const away = Math.hypot(point.x - at.x, point.y - at.y);
        if (away <= best_px) {
            best = index;
            best_px = away;
        }
    });
    return best;
}

/** The next node in a direction: near, and not far beside it. */
export function nodeTowards(
    points: readonly Point[],
    from: number,
    direction: 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown',
): number | null {
    const start = points[from];
    const [dx, dy] = {
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, -1],
        ArrowDown: [0, 1],
    }[direction] as [number, number];
    let best: number | null = null;
    let best_far = Infinity;
    points.forEach((point, index) => {
        if (!start || index === from) {
            return;
        }
        const along = (point.x - start.x) * dx + (point.y - start.y) * dy;
        const beside = Math.abs((point.x - start.x) * dy) + Math.abs((point.y - start.y) * dx);
        if (along > 1 && beside <= 2 * along && along + 2 * beside < best_far) {
            best = index;
            best_far = along + 2 * beside;
        }
    });
    return best;
}

export interface NameWish {
    index: number;
    text: string;
    /** Width of the widest line, and whether it must stand. */
    width: number;
    height: number;
    isNeeded: boolean;
    rank: number;
}

export interface PlacedName {
    index: number;
    side: Side;
    left: number;
    top: number;
}

export function namesAt(
    graph: Graph,
    points: readonly Point[],
    radius: number,
    wishes: readonly NameWish[],
    frame: FrameSize,
): PlacedName[] {
    const marks: Mark[] = points.map((point) => ({ ...point, radius }));
    const order = [...wishes].sort((a, b) => a.rank - b.rank || a.index - b.index);
    const asked: Wish[] = order.map((wish) => ({
        mark: wish.index,
        width: wish.width,
        height: wish.height,
        isNeeded: wish.isNeeded,
        sides: freeSides(directions(graph, points, wish.index)),
    }));
    return placeLabels(marks, asked, frame).flatMap((place, at) => {
        const wish = order[at];
        return place === null || !wish
            ? []
            : [{ index: wish.index, side: place.side, left: place.box.left, top: place.box.top }];
    });
}

function directions(graph: Graph, points: readonly Point[], index: number): number[] {
    const from = points[index];
    return (graph.nodes[index]?.links ?? []).flatMap((at) => {
        const link = graph.links[at];
        const to = link ? points[link.a === index ? link.b : link.a] : undefined;
        return from && to ? [Math.atan2(to.y - from.y, to.x - from.x)] : [];
    });
}
