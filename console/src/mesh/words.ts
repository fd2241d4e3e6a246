/* Words of the mesh: states, sentences, and numbers of a link as the chosen measure shows them. */

import { bytes, count, milliseconds, plural } from '../format/number';
import type { Status } from '../ui/shape';
import type { Graph, GraphLink, GraphNode, LinkState, NodeState, Tally } from './model';

export const nodeWords: Readonly<Record<NodeState, { word: string; status: Status }>> = {
    self: { word: 'this node', status: 'ok' },
    connected: { word: 'connected', status: 'ok' },
    reachable: { word: 'reachable', status: 'ok' },
    suspect: { word: 'suspect', status: 'caution' },
    down: { word: 'down', status: 'crit' },
    joining: { word: 'joining', status: 'stale' },
};

export const linkWords: Readonly<Record<LinkState, { word: string; status: Status }>> = {
    good: { word: 'good', status: 'ok' },
    lossy: { word: 'lossy', status: 'caution' },
    suspect: { word: 'suspect', status: 'caution' },
    down: { word: 'down', status: 'off' },
};

/** Worst first, for lists. */
export const nodeRank: Readonly<Record<NodeState, number>> = {
    down: 0,
    suspect: 1,
    joining: 2,
    self: 3,
    connected: 4,
    reachable: 5,
};

export const measures = ['cost', 'delay', 'loss', 'queue'] as const;
export type Measure = (typeof measures)[number];

export const measureLabels: Readonly<Record<Measure, string>> = {
    cost: 'Cost',
    delay: 'Delay',
    loss: 'Loss',
    queue: 'Queue',
};

/** From here on a number stands beside its link though nobody asked for it. */
const cost_high = 30;
const delay_high_ms = 20;
const loss_high = 0.01;
const queue_high_bytes = 1_000;

/** Of sending either way the dearer one. */
export function costOf(link: GraphLink): number | null {
    const known = [link.cost_ab, link.cost_ba].filter((one) => one !== null);
    return known.length === 0 ? null : Math.max(...known);
}

export function measureText(link: GraphLink, measure: Measure): string | null {
    const cost = costOf(link);
    switch (measure) {
        case 'cost':
            return cost === null ? null : `cost ${count(cost)}`;
        case 'delay':
            return link.own === null ? null : msText(link.own.rtt_ms);
        case 'loss':
            return link.own === null ? null : `${percent(link.own.loss)} % lost`;
        case 'queue':
            return link.own === null ? null : bytesWait(link.own.queue_bytes);
    }
}

export function isHigh(link: GraphLink, measure: Measure): boolean {
    switch (measure) {
        case 'cost':
            return (costOf(link) ?? 0) >= cost_high;
        case 'delay':
            return (link.own?.rtt_ms ?? 0) >= delay_high_ms;
        case 'loss':
            return (link.own?.loss ?? 0) >= loss_high;
        case 'queue':
            return (link.own?.queue_bytes ?? 0) >= queue_high_bytes;
    }
}

export function msText(value_ms: number): string {
    const quantity = milliseconds(value_ms);
    return `${quantity.value} ${quantity.unit}`;
}

function bytesWait(value: number): string {
    const quantity = bytes(value);
    return `${quantity.value} ${quantity.unit} wait`;
}

/** "3.1", "0", "< 0.1". */
export function percent(share: number): string {
    const value = share * 100;
    return value > 0 && value < 0.1 ? '< 0.1' : count(value, value > 0 && value < 10 ? 1 : 0);
}

/** Marks beside a link, one for each power of ten from 1 kB; four at most. */
export function queueTicks(queue_bytes: number): number {
    return queue_bytes < 1_000 ? 0 : Math.min(4, Math.floor(Math.log10(queue_bytes)) - 2);
}

function namesOf(nodes: readonly GraphNode[], max = 3): string {
    const names = nodes.slice(0, max).map((node) => node.name);
    const more = nodes.length - names.length;
    return more > 0 ? `${names.join(', ')} and ${count(more)} more` : names.join(', ');
}

function verb(nodes: readonly GraphNode[], one: string, many: string): string {
    return nodes.length === 1 ? one : many;
}

export function sentenceOf(tally: Tally): string {
    if (tally.all <= 1) {
        return 'This node is alone in its mesh.';
    }
    const reach =
        tally.reached === tally.all
            ? `All ${count(tally.all)} nodes can be reached.`
            : `${count(tally.reached)} of ${plural(tally.all, 'node')} can be reached; ` +
              `${namesOf(tally.down)} cannot.`;
    const doubt =
        tally.suspect.length === 0
            ? ''
            : ` ${namesOf(tally.suspect)} ${verb(tally.suspect, 'does', 'do')} not answer, and ` +
              'traffic goes around.';
    const joins =
        tally.joining.length === 0
            ? ''
            : ` ${namesOf(tally.joining)} ${verb(tally.joining, 'is', 'are')} joining.`;
    return reach + doubt + joins;
}

/** One fact below the name of a node in the drawing. */
export function factOf(graph: Graph, node: GraphNode): string {
    switch (node.state) {
        case 'self':
        case 'down':
        case 'suspect':
        case 'joining':
            return nodeWords[node.state].word;
        case 'connected': {
            const link = node.links.map((at) => graph.links[at]).find((one) => one?.own != null);
            return link?.own ? msText(link.own.rtt_ms) : 'connected';
        }
        case 'reachable':
            return node.role === 'leaf' && node.hops === null
                ? 'leaf'
                : plural(node.hops ?? 0, 'hop');
    }
}

/** What a screen reader hears of a node. */
export function spoken(graph: Graph, node: GraphNode): string {
    const state = nodeWords[node.state].word;
    const fact = factOf(graph, node);
    const parts = [node.name, node.role === 'leaf' ? 'leaf' : 'router', state];
    if (fact !== state) {
        parts.push(node.state === 'connected' ? `${fact} away` : fact);
    }
    return parts.join(', ');
}
