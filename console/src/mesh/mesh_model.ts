/* What the page Mesh reads and what is chosen on it. Everything is polled: link state changes by
   the second at most, and a poll of three lists is small. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { App } from '../app/app';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import { query } from '../api/client';
import type {
    DirectoryPage,
    List,
    Mesh,
    MeshInviteList,
    MeshLink,
    MeshNode,
    MeshTrace,
} from '../api/types';
import { graphOf, noGraph, type Graph } from './model';
import { measures, type Measure } from './words';

const read_every_ms = 2_000;
const invites_every_ms = 5_000;
const directory_every_ms = 5_000;

/** What a link carried between the last two readings. */
export interface LinkRate {
    in_bytes_per_s: number;
    out_bytes_per_s: number;
}

export interface TimedLinks {
    at_ms: number;
    items: readonly MeshLink[];
}

const keyOf = (link: MeshLink): string => `${link.to} ${link.address}`;

/** None for a link that is new, or was opened again. */
export function ratesOf(before: TimedLinks | null, now: TimedLinks): Map<string, LinkRate> {
    const rates = new Map<string, LinkRate>();
    const span_s = before === null ? 0 : (now.at_ms - before.at_ms) / 1000;
    if (before === null || span_s <= 0) {
        return rates;
    }
    const known = new Map(before.items.map((link) => [keyOf(link), link]));
    for (const link of now.items) {
        const last = known.get(keyOf(link));
        if (last && last.age_ms <= link.age_ms) {
            rates.set(keyOf(link), {
                in_bytes_per_s: Math.max(0, link.received_bytes - last.received_bytes) / span_s,
                out_bytes_per_s: Math.max(0, link.sent_bytes - last.sent_bytes) / span_s,
            });
        }
    }
    return rates;
}

export class MeshModel {
    readonly mesh: Resource<Mesh>;
    readonly nodes: Resource<List<MeshNode>>;
    readonly links: Resource<List<MeshLink>>;
    readonly directory: Resource<DirectoryPage>;
    readonly invites: Resource<MeshInviteList>;
    readonly trace: Resource<MeshTrace>;
    readonly graph: ReadonlySignal<Graph>;
    readonly selected: Signal<string | null>;
    /** Ids; null: this node. */
    readonly from: Signal<string | null>;
    readonly to: Signal<string | null>;
    readonly measure: Signal<Measure>;
    readonly rates = signal<ReadonlyMap<string, LinkRate>>(new Map());
    /** The way that is shown, from first to last. */
    readonly way: ReadonlySignal<readonly string[]>;
    private last: TimedLinks | null = null;

    constructor(
        readonly app: App,
        private readonly scope: Scope,
        values: URLSearchParams,
    ) {
        this.mesh = new Resource<Mesh>(app, scope, () => '/api/v1/mesh');
        this.nodes = new Resource<List<MeshNode>>(app, scope, () => '/api/v1/mesh/nodes');
        this.links = new Resource<List<MeshLink>>(app, scope, () => '/api/v1/mesh/links');
        this.directory = new Resource<DirectoryPage>(app, scope, () => '/api/v1/mesh/directory');
        this.invites = new Resource<MeshInviteList>(app, scope, () => '/api/v1/mesh/invites');
        this.selected = signal(values.get('node'));
        this.from = signal(values.get('from'));
        this.to = signal(values.get('to'));
        this.measure = signal(measureOf(values.get('show')));
        this.trace = new Resource<MeshTrace>(
            app,
            scope,
            () =>
                '/api/v1/mesh/trace' +
                query({ from: this.from.peek() ?? undefined, to: this.to.peek() ?? undefined }),
        );
        this.graph = computed(() => {
            const nodes = this.nodes.value.value;
            return nodes === null
                ? noGraph
                : graphOf(
                      nodes.items,
                      this.links.value.value?.items ?? [],
                      this.invites.value.value,
                  );
        });
        this.way = computed(() =>
            this.to.value === null
                ? []
                : (this.trace.value.value?.hops.map((hop) => hop.node) ?? []),
        );
    }

    start(): void {
        this.mesh.poll(read_every_ms);
        this.nodes.poll(read_every_ms);
        this.links.poll(read_every_ms);
        this.directory.poll(directory_every_ms);
        this.scope.effect(() => {
            this.noteRates(this.links.value.value?.items, this.links.read_ms.value);
        });
        let isReadingInvites = false;
        this.scope.effect(() => {
            if (!isReadingInvites && this.mayInvite) {
                isReadingInvites = true;
                this.invites.poll(invites_every_ms);
            }
        });
        this.readTrace();
        this.scope.every(read_every_ms, () => {
            if (!document.hidden && !this.app.isStill) {
                this.readTrace();
            }
        });
    }

    get mayInvite(): boolean {
        return this.mesh.value.value?.may_invite === true && this.app.mayAct('admin');
    }

    private readTrace(): void {
        if (this.to.peek() !== null) {
            void this.trace.read();
        }
    }

    private noteRates(items: readonly MeshLink[] | undefined, at_ms: number | null): void {
        if (items === undefined || at_ms === null || this.last?.items === items) {
            return;
        }
        const now = { at_ms, items };
        this.rates.value = ratesOf(this.last, now);
        this.last = now;
    }

    select(id: string | null): void {
        this.selected.value = id;
        this.keepChoice();
    }

    chooseWay(from: string | null, to: string | null): void {
        const self = this.mesh.value.peek()?.node ?? null;
        this.from.value = from === self ? null : from;
        this.to.value = to;
        this.trace.forget();
        this.keepChoice();
        this.readTrace();
    }

    show(measure: Measure): void {
        this.measure.value = measure;
        this.keepChoice();
    }

    /** The address changed by itself. */
    take(values: URLSearchParams): void {
        this.selected.value = values.get('node');
        this.measure.value = measureOf(values.get('show'));
        const [from, to] = [values.get('from'), values.get('to')];
        if (from !== this.from.peek() || to !== this.to.peek()) {
            this.from.value = from;
            this.to.value = to;
            this.trace.forget();
            this.readTrace();
        }
    }

    private keepChoice(): void {
        const measure = this.measure.peek();
        this.app.router.setQuery({
            node: this.selected.peek() ?? '',
            from: this.from.peek() ?? '',
            to: this.to.peek() ?? '',
            show: measure === 'cost' ? '' : measure,
        });
    }
}

function measureOf(text: string | null): Measure {
    return measures.find((one) => one === text) ?? 'cost';
}
