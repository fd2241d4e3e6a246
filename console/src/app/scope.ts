/* The life of one open page: what it follows, asks and times ends when the page closes. Pages get
   their data through a scope and through nothing else, so none can leak. */

import { effect } from '@preact/signals';
import { anyOf, type Result } from '../api/client';
import type { Follow, FollowHandler } from '../api/live';
import type { FollowRequest } from '../api/types';
import type { App } from './app';

let nextScope = 1;

export class Scope {
    private readonly id = `scope${nextScope++}:`;
    private readonly abort = new AbortController();
    private readonly endings: (() => void)[] = [];

    constructor(private readonly app: App) {}

    get isClosed(): boolean {
        return this.abort.signal.aborted;
    }

    get<T>(path: string): Promise<Result<T>> {
        return this.app.client.get<T>(path, { signal: this.abort.signal });
    }

    getText(path: string): Promise<Result<string>> {
        return this.app.client.getText(path, { signal: this.abort.signal });
    }

    /** A read that a newer one of the same kind replaces: the older answer is cancelled. */
    latest(): <T>(path: string) => Promise<Result<T>> {
        let current: AbortController | null = null;
        return <T>(path: string) => {
            current?.abort();
            const mine = new AbortController();
            current = mine;
            const signal = anyOf([this.abort.signal, mine.signal]);
            return this.app.client.get<T>(path, { signal });
        };
    }

    follow(request: FollowRequest, handler: FollowHandler): Follow {
        const follow = this.app.live.follow(request, handler);
        this.endings.push(() => follow.stop());
        return follow;
    }

    /** Shows news with the next frame, five times a second at most. */
    post(key: string, update: () => void): void {
        if (!this.isClosed) {
            this.app.frame.post(this.id + key, update);
        }
    }

    effect(run: () => void | (() => void)): void {
        this.endings.push(effect(run));
    }

    every(period_ms: number, run: () => void): void {
        const timer = setInterval(run, period_ms);
        this.endings.push(() => clearInterval(timer));
    }

    /** Runs once calls have paused for `delay_ms`. */
    debounce(delay_ms: number, run: () => void): () => void {
        let timer: ReturnType<typeof setTimeout> | undefined;
        this.endings.push(() => clearTimeout(timer));
        return () => {
            clearTimeout(timer);
            if (!this.isClosed) {
                timer = setTimeout(run, delay_ms);
            }
        };
    }

    onClose(run: () => void): void {
        this.endings.push(run);
    }

    close(): void {
        this.abort.abort();
        this.app.frame.drop(this.id);
        for (const end of this.endings.splice(0).reverse()) {
            end();
        }
    }
}
