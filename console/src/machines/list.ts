/* The list of machines as far as it was read: pages of the node, joined, with the rows in view kept
   live. Of a list of any length only what was scrolled to is held. */

import { batch, signal, type Signal } from '@preact/signals';
import type { App } from '../app/app';
import type { Scope } from '../app/scope';
import { loading, type Load } from '../app/store';
import { codeCancelled, query, type Result } from '../api/client';
import type { Follow } from '../api/live';
import type { Machine, MachineList, MachinesChange } from '../api/types';

export const stateFilters = ['all', 'online', 'offline'] as const;
export type StateFilter = (typeof stateFilters)[number];

export const sorts = ['id', 'last_seen', 'messages_in'] as const;
export type Sort = (typeof sorts)[number];

export interface ListQuery {
    q: string;
    state: StateFilter;
    sort: Sort;
}

const page_rows = 500;
const ahead_rows = 200;
const room_ahead_rows = 1_000;
const followed_max = 200;

export function readListQuery(params: URLSearchParams): ListQuery {
    return {
        q: params.get('q') ?? '',
        state: stateFilters.find((one) => one === params.get('state')) ?? 'all',
        sort: sorts.find((one) => one === params.get('sort')) ?? 'id',
    };
}

/** Puts changed machines in their place; unknown ones are not rows of this list. */
export function applyChanges(
    rows: readonly Machine[],
    changed: readonly Machine[],
): readonly Machine[] {
    const byId = new Map(changed.map((machine) => [machine.id, machine]));
    return rows.map((row) => byId.get(row.id) ?? row);
}

export class MachineRows {
    readonly query: Signal<ListQuery>;
    readonly load = signal<Load<null>>(loading);
    readonly rows = signal<readonly Machine[]>([]);
    readonly total = signal(0);
    readonly online = signal(0);
    /** How many rows the scroll area offers: those that were read and some room ahead. */
    readonly rowCount = signal(0);
    private next: string | null = null;
    private isReadingMore = false;
    private readonly read: <T>(path: string) => Promise<Result<T>>;
    private follow: Follow | null = null;
    private followedKey = '';
    private wanted: readonly string[] = [];
    private readonly refollow: () => void;

    constructor(
        private readonly app: App,
        private readonly scope: Scope,
        first: ListQuery,
    ) {
        this.query = signal(first);
        this.read = scope.latest();
        this.refollow = scope.debounce(150, () => this.followWanted());
    }

    choose(query: ListQuery): void {
        const before = this.query.peek();
        if (JSON.stringify(before) === JSON.stringify(query)) {
            return;
        }
        this.query.value = query;
        this.app.router.setQuery({
            q: query.q,
            state: query.state === 'all' ? '' : query.state,
            sort: query.sort === 'id' ? '' : query.sort,
        });
        void this.reload();
    }

    /** Reads from the start; what is shown stays until the answer comes. */
    async reload(): Promise<void> {
        const result = await this.read<MachineList>(this.path(null));
        if (!result.ok) {
            if (result.problem.code !== codeCancelled) {
                this.load.value = { phase: 'failed', problem: result.problem };
            }
            return;
        }
        batch(() => {
            this.rows.value = [];
            this.take(result.value);
            this.load.value = { phase: 'ready', value: null };
        });
    }

    /** Rows `first` to `end` are in view: keeps them live and reads ahead. */
    see(first: number, end: number): void {
        const rows = this.rows.peek();
        this.wanted = rows.slice(first, Math.min(end, first + followed_max)).map((row) => row.id);
        this.refollow();
        if (end + ahead_rows > rows.length && this.next !== null) {
            void this.readMore(end);
        }
    }

    private async readMore(until: number): Promise<void> {
        if (this.isReadingMore) {
            return;
        }
        this.isReadingMore = true;
        while (this.next !== null && this.rows.peek().length < until + ahead_rows) {
            const cursor = this.next;
            const result = await this.scope.get<MachineList>(this.path(cursor));
            if (!result.ok || this.next !== cursor) {
                break;
            }
            batch(() => this.take(result.value));
        }
        this.isReadingMore = false;
    }

    private take(list: MachineList): void {
        this.next = list.next;
        this.rows.value = [...this.rows.peek(), ...list.items];
        const known = this.rows.peek().length;
        this.total.value = Math.max(list.total ?? known, known);
        this.online.value = list.online ?? 0;
        const room = this.next === null ? 0 : room_ahead_rows;
        this.rowCount.value = Math.min(this.total.peek(), known + room);
    }

    private path(cursor: string | null): string {
        const { q, state, sort } = this.query.peek();
        return `/api/v1/machines${query({
            q,
            state: state === 'all' ? undefined : state,
            sort,
            limit: page_rows,
            cursor: cursor ?? undefined,
        })}`;
    }

    private followWanted(): void {
        const key = this.wanted.join('\n');
        if (key === this.followedKey || this.wanted.length === 0) {
            return;
        }
        this.followedKey = key;
        const request = { channel: 'machines' as const, ids: [...this.wanted] };
        if (this.follow) {
            this.follow.change(request);
            return;
        }
        const changed = new Map<string, Machine>();
        this.follow = this.scope.follow(request, {
            onData: (data) => {
                for (const machine of (data as MachinesChange).machines ?? []) {
                    changed.set(machine.id, machine);
                }
                this.scope.post('machines', () => {
                    this.rows.value = applyChanges(this.rows.peek(), [...changed.values()]);
                    changed.clear();
                });
            },
            onResume: () => void this.reload(),
        });
    }
}
