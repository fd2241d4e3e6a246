import { beforeEach, describe, expect, it } from 'vitest';
import { LiveFeed, retryDelay_ms, type SocketLike } from './live';

class FakeSocket implements SocketLike {
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onclose: (() => void) | null = null;
    sent: Record<string, unknown>[] = [];
    isClosed = false;

    send(text: string): void {
        this.sent.push(JSON.parse(text) as Record<string, unknown>);
    }

    close(): void {
        this.isClosed = true;
    }

    say(value: unknown): void {
        this.onmessage?.({ data: typeof value === 'string' ? value : JSON.stringify(value) });
    }
}

/** Time that stands still until a test moves it; timers fire in order of their time. */
class FakeTime {
    now_ms = 1_000;
    private timers = new Map<number, { at_ms: number; run: () => void }>();
    private nextTimer = 1;

    set(run: () => void, delay_ms: number): number {
        const id = this.nextTimer++;
        this.timers.set(id, { at_ms: this.now_ms + delay_ms, run });
        return id;
    }

    clear(id: number): void {
        this.timers.delete(id);
    }

    advance(span_ms: number): void {
        const end_ms = this.now_ms + span_ms;
        for (;;) {
            const due = [...this.timers].filter(([, timer]) => timer.at_ms <= end_ms);
            due.sort(([, a], [, b]) => a.at_ms - b.at_ms);
            const first = due[0];
            if (!first) {
                break;
            }
            this.timers.delete(first[0]);
            this.now_ms = Math.max(this.now_ms, first[1].at_ms);
            first[1].run();
        }
        this.now_ms = end_ms;
    }

    get pending(): number {
        return this.timers.size;
    }
}

let sockets: FakeSocket[] = [];
let time = new FakeTime();
let feed: LiveFeed;

function newest(): FakeSocket {
    const socket = sockets.at(-1);
    if (!socket) {
        throw new Error('no socket was opened');
    }
    return socket;
}

beforeEach(() => {
    sockets = [];
    time = new FakeTime();
    feed = new LiveFeed({
        open: () => {
            const socket = new FakeSocket();
            sockets.push(socket);
            return socket;
        },
        now_ms: () => time.now_ms,
        random: () => 1,
        setTimer: (run, delay_ms) => time.set(run, delay_ms),
        clearTimer: (id) => time.clear(id),
    });
});

describe('the live feed', () => {
    it('sends what was followed before the socket opened', () => {
        feed.follow({ channel: 'stats' }, { onData: () => {} });
        feed.start();
        expect(newest().sent).toEqual([]);
        newest().onopen?.();
        expect(newest().sent).toEqual([{ op: 'follow', id: 1, channel: 'stats' }]);
        expect(feed.state.value.phase).toBe('connecting');
        newest().say({ ping: 'x' });
        expect(feed.state.value.phase).toBe('live');
    });

    it('gives data to the follower of that id and to no other', () => {
        const seen: unknown[] = [];
        feed.start();
        newest().onopen?.();
        feed.follow({ channel: 'stats' }, { onData: (data) => seen.push(data) });
        feed.follow({ channel: 'events' }, { onData: () => seen.push('wrong') });
        newest().say({ id: 1, data: { messages_in_per_s: 3 } });
        newest().say({ id: 99, data: 1 });
        expect(seen).toEqual([{ messages_in_per_s: 3 }]);
    });

    it('gives a problem to the follower', () => {
        const problems: string[] = [];
        feed.start();
        newest().onopen?.();
        feed.follow(
            { channel: 'events' },
            { onData: () => {}, onProblem: (problem) => problems.push(problem.code) },
        );
        newest().say({ id: 1, error: { title: 'No', status: 403, code: 'role.refused' } });
        expect(problems).toEqual(['role.refused']);
    });

    it('survives messages that are no JSON, no object or have no id', () => {
        feed.start();
        newest().onopen?.();
        for (const bad of ['{', '7', 'null', '{}', '{"id":"1"}']) {
            newest().say(bad);
        }
        newest().onmessage?.({ data: new ArrayBuffer(4) });
        expect(feed.state.value.phase).toBe('live');
        newest().say({ id: 1 });
        expect(feed.state.value.phase).toBe('live');
    });

    it('stays stale while a new socket says nothing, and gives it up after 12 s', () => {
        feed.start();
        newest().onopen?.();
        newest().say({ ping: 'x' });
        newest().onclose?.();
        time.advance(500);
        const mute = newest();
        mute.onopen?.();
        time.advance(11_000);
        expect(mute.isClosed).toBe(false);
        expect(feed.state.value.phase).toBe('stale');
        time.advance(3_000);
        expect(mute.isClosed).toBe(true);
        expect(feed.state.value.since_ms).toBe(1_000);
    });

    it('unfollows with the id and hears nothing more', () => {
        const seen: unknown[] = [];
        feed.start();
        newest().onopen?.();
        const follow = feed.follow({ channel: 'stats' }, { onData: (data) => seen.push(data) });
        follow.stop();
        newest().say({ id: 1, data: 1 });
        expect(newest().sent.at(-1)).toEqual({ op: 'unfollow', id: 1 });
        expect(seen).toEqual([]);
    });

    it('changes a request under a new id, so that late data of the old one is not mixed in', () => {
        const seen: unknown[] = [];
        feed.start();
        newest().onopen?.();
        const follow = feed.follow(
            { channel: 'topics', topics: ['a'] },
            { onData: (data) => seen.push(data) },
        );
        follow.change({ channel: 'topics', topics: ['b'] });
        newest().say({ id: 1, data: 'old' });
        newest().say({ id: 2, data: 'new' });
        expect(seen).toEqual(['new']);
        expect(newest().sent.slice(1)).toEqual([
            { op: 'unfollow', id: 1 },
            { op: 'follow', id: 2, channel: 'topics', topics: ['b'] },
        ]);
    });

    it('reconnects, follows again and says that there was a gap', () => {
        let gaps = 0;
        feed.follow({ channel: 'stats' }, { onData: () => {}, onResume: () => (gaps += 1) });
        feed.start();
        newest().onopen?.();
        expect(gaps).toBe(0);
        newest().onclose?.();
        expect(feed.state.value.phase).toBe('stale');
        time.advance(500);
        expect(sockets.length).toBe(2);
        newest().onopen?.();
        expect(newest().sent).toEqual([{ op: 'follow', id: 1, channel: 'stats' }]);
        expect(feed.state.value.phase).toBe('stale');
        newest().say({ ping: 'x' });
        expect(feed.state.value.phase).toBe('live');
        expect(gaps).toBe(1);
    });

    it('is stale after 12 s without a word, from the last word on', () => {
        feed.start();
        newest().onopen?.();
        time.advance(5_000);
        newest().say({ ping: 'x' });
        const heard_ms = time.now_ms;
        time.advance(11_900);
        expect(feed.state.value.phase).toBe('live');
        time.advance(1_200);
        expect(feed.state.value.phase).toBe('stale');
        expect(feed.state.value.since_ms).toBe(heard_ms);
        expect(sockets[0]?.isClosed).toBe(true);
    });

    it('keeps the first moment of silence over many failed tries', () => {
        feed.start();
        newest().onopen?.();
        const heard_ms = time.now_ms;
        newest().onclose?.();
        time.advance(500);
        newest().onclose?.();
        expect(feed.state.value.since_ms).toBe(heard_ms);
        expect(feed.state.value.retry_at_ms).toBe(time.now_ms + 1_000);
    });

    it('tries at once when asked, and only one socket is alive', () => {
        feed.start();
        newest().onopen?.();
        newest().onclose?.();
        feed.retryNow();
        expect(sockets.length).toBe(2);
        time.advance(60_000);
        expect(sockets.length).toBe(2);
    });

    it('ignores a late word of a socket that it gave up', () => {
        feed.start();
        const first = newest();
        first.onopen?.();
        const say = first.onmessage;
        first.onclose?.();
        say?.({ data: '{"ping":"late"}' });
        expect(feed.state.value.phase).toBe('stale');
    });

    it('leaves no timer behind when it stops', () => {
        feed.start();
        newest().onopen?.();
        newest().onclose?.();
        feed.stop();
        expect(time.pending).toBe(0);
        expect(feed.state.value.phase).toBe('off');
    });
});

describe('the delay before a try', () => {
    it('doubles, is capped, and spreads by chance', () => {
        expect([0, 1, 2, 3].map((attempt) => retryDelay_ms(attempt, 1))).toEqual([
            500, 1_000, 2_000, 4_000,
        ]);
        expect(retryDelay_ms(40, 1)).toBe(30_000);
        expect(retryDelay_ms(40, 0)).toBe(15_000);
    });
});
