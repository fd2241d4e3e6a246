/* One answer of the node that a page shows: read, kept, read again. What was read stays when a
   later reading fails, and the page says since when. A resource that this node does not have is
   absent, which is no failure. */

import { batch, signal } from '@preact/signals';
import { codeCancelled, type Result } from '../api/client';
import type { List, Problem } from '../api/types';
import type { App } from './app';
import type { Scope } from './scope';

export const codeNoRoute = 'route.unknown';

export class Resource<T> {
    readonly value = signal<T | null>(null);
    /** Why the last reading failed; null when it did not. */
    readonly problem = signal<Problem | null>(null);
    /** When `value` was read, by the node's clock. */
    readonly read_ms = signal<number | null>(null);
    private readonly ask: <A>(path: string) => Promise<Result<A>>;

    constructor(
        private readonly app: App,
        private readonly scope: Scope,
        private readonly path: () => string,
    ) {
        this.ask = scope.latest();
    }

    get isAbsent(): boolean {
        return this.problem.value?.code === codeNoRoute && this.value.value === null;
    }

    async read(): Promise<void> {
        const result = await this.ask<T>(this.path());
        if (this.scope.isClosed || (!result.ok && result.problem.code === codeCancelled)) {
            return;
        }
        batch(() => {
            this.problem.value = result.ok ? null : result.problem;
            if (result.ok) {
                this.value.value = result.value;
                this.read_ms.value = this.app.store.now_ms.peek();
            }
        });
    }

    /** What was read answers another question than the next reading. */
    forget(): void {
        batch(() => {
            this.value.value = null;
            this.problem.value = null;
        });
    }

    /** Reads now, and again and again while the page is looked at. */
    poll(period_ms: number): void {
        void this.read();
        if (this.app.isStill) {
            return;
        }
        this.scope.every(period_ms, () => {
            if (!document.hidden && !this.isAbsent) {
                void this.read();
            }
        });
    }
}

/** A list that comes in pages of the node and is joined as far as somebody scrolls. */
export class Pages<T, L extends List<T> = List<T>> {
    readonly rows = signal<readonly T[]>([]);
    /** The first page, for what it says of the whole list. */
    readonly head = signal<L | null>(null);
    readonly problem = signal<Problem | null>(null);
    readonly isRead = signal(false);
    readonly hasMore = signal(false);
    private next: string | null = null;
    private isReadingMore = false;
    private readonly ask: <A>(path: string) => Promise<Result<A>>;

    constructor(
        private readonly scope: Scope,
        private readonly path: (cursor: string | null) => string,
    ) {
        this.ask = scope.latest();
    }

    get isAbsent(): boolean {
        return this.problem.value?.code === codeNoRoute && !this.isRead.value;
    }

    /** From the start; what is shown stays until the answer comes. */
    async reload(): Promise<void> {
        const result = await this.ask<L>(this.path(null));
        if (this.scope.isClosed || (!result.ok && result.problem.code === codeCancelled)) {
            return;
        }
        batch(() => {
            this.problem.value = result.ok ? null : result.problem;
            if (result.ok) {
                this.rows.value = result.value.items;
                this.head.value = result.value;
                this.isRead.value = true;
                this.take(result.value.next);
            }
        });
    }

    async more(): Promise<void> {
        if (this.isReadingMore || this.next === null) {
            return;
        }
        const cursor = this.next;
        this.isReadingMore = true;
        const result = await this.scope.get<List<T>>(this.path(cursor));
        this.isReadingMore = false;
        if (result.ok && this.next === cursor) {
            batch(() => {
                this.rows.value = [...this.rows.peek(), ...result.value.items];
                this.take(result.value.next);
            });
        }
    }

    private take(next: string | null): void {
        this.next = next;
        this.hasMore.value = next !== null;
    }
}
