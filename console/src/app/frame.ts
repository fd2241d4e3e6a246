/* Live numbers reach the screen at most five times a second, through one animation frame.
   Whoever has news posts one update under its key; a newer update of the same key replaces it,
   so the queue is never longer than the number of keys, however fast messages come or however
   long a tab is hidden. */

import { batch } from '@preact/signals';

export interface FrameOptions {
    now_ms: () => number;
    nextFrame: (run: () => void) => void;
    setTimer: (run: () => void, delay_ms: number) => void;
    /** Each key is shown once and then stands still, for screenshots. */
    isStill?: boolean;
}

export const flush_every_ms = 200;

export class Frame {
    private readonly updates = new Map<string, () => void>();
    private readonly shown = new Set<string>();
    private isPlanned = false;
    private flushed_ms = Number.NEGATIVE_INFINITY;

    constructor(private readonly options: FrameOptions) {}

    post(key: string, update: () => void): void {
        if (this.options.isStill === true && this.shown.has(key)) {
            return;
        }
        this.updates.set(key, update);
        if (this.isPlanned) {
            return;
        }
        this.isPlanned = true;
        const wait_ms = this.flushed_ms + flush_every_ms - this.options.now_ms();
        const onFrame = (): void => this.options.nextFrame(() => this.flush());
        if (wait_ms > 0) {
            this.options.setTimer(onFrame, wait_ms);
        } else {
            onFrame();
        }
    }

    /** Forgets what a closed page still had to say. */
    drop(prefix: string): void {
        for (const key of [...this.updates.keys()]) {
            if (key.startsWith(prefix)) {
                this.updates.delete(key);
            }
        }
    }

    private flush(): void {
        this.isPlanned = false;
        this.flushed_ms = this.options.now_ms();
        const updates = [...this.updates];
        this.updates.clear();
        batch(() => {
            for (const [key, update] of updates) {
                if (this.options.isStill === true) {
                    this.shown.add(key);
                }
                update();
            }
        });
    }
}
