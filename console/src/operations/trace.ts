/* Reading a trace while it runs: new steps are added in their order, up to what is kept. */

import { batch, signal } from '@preact/signals';
import { codeCancelled, query } from '../api/client';
import type { List, Problem, TraceAnswer, TraceEvent, TraceHead } from '../api/types';
import type { Scope } from '../app/scope';

export const events_kept_max = 5_000;

export class TraceReader {
    readonly head = signal<TraceHead | null>(null);
    readonly events = signal<readonly TraceEvent[]>([]);
    readonly isRunning = signal(false);
    /** Steps that came beyond what is kept. */
    readonly lost = signal(0);
    private cursor: string | null = null;
    private hasMore = false;
    private isReading = false;

    constructor(private readonly scope: Scope) {}

    /** Takes up the newest trace, which may have ended; a reason if they cannot be read. */
    async adopt(): Promise<Problem | null> {
        const result = await this.scope.get<List<TraceHead>>('/api/v1/traces');
        if (!result.ok) {
            return result.problem.code === codeCancelled ? null : result.problem;
        }
        const traces = result.value.items;
        const newest = traces.find((one) => one.state === 'running') ?? traces[0];
        if (newest && this.head.peek() === null) {
            this.open(newest);
            await this.read();
        }
        return null;
    }

    open(head: TraceHead): void {
        batch(() => {
            this.head.value = head;
            this.events.value = [];
            this.isRunning.value = head.state === 'running';
            this.lost.value = 0;
        });
        this.cursor = null;
        this.hasMore = true;
    }

    end(): void {
        this.isRunning.value = false;
        this.hasMore = false;
    }

    async read(): Promise<void> {
        const head = this.head.peek();
        if (head === null || !this.hasMore || this.isReading) {
            return;
        }
        this.isReading = true;
        const path = `/api/v1/traces/${encodeURIComponent(head.id)}`;
        const result = await this.scope.get<TraceAnswer>(
            path + query({ cursor: this.cursor ?? undefined, limit: 500 }),
        );
        this.isReading = false;
        if (this.head.peek()?.id !== head.id) {
            return;
        }
        if (!result.ok) {
            if (result.problem.status === 404) {
                this.end();
            }
            return;
        }
        this.scope.post('trace', () => this.take(result.value));
    }

    private take(answer: TraceAnswer): void {
        const { items, next, ...head } = answer;
        const room = Math.max(0, events_kept_max - this.events.peek().length);
        this.cursor = next ?? this.cursor;
        batch(() => {
            this.head.value = head;
            if (items.length > 0) {
                this.events.value = [...this.events.peek(), ...items.slice(0, room)];
                this.lost.value += Math.max(0, items.length - room);
            }
            this.hasMore = next !== null;
            this.isRunning.value = this.hasMore && head.state === 'running';
        });
    }
}

/** One line a step, for a mail or an issue. */
export function eventsText(events: readonly TraceEvent[]): string {
    return events
        .map((event) =>
            [
                event.at,
                event.stage.padEnd(9),
                event.message === null ? '-' : `m${event.message}`,
                event.client ?? '-',
                event.topic ?? '-',
                event.text,
            ].join('  '),
        )
        .join('\n');
}
