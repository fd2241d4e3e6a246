import { beforeEach, describe, expect, it } from 'vitest';
import { Frame } from './frame';

let now_ms = 0;
let frames: (() => void)[] = [];
let timers: { run: () => void; delay_ms: number }[] = [];
let frame: Frame;

function runFrames(): void {
    for (const run of frames.splice(0)) {
        run();
    }
}

beforeEach(() => {
    now_ms = 10_000;
    frames = [];
    timers = [];
    frame = new Frame({
        now_ms: () => now_ms,
        nextFrame: (run) => frames.push(run),
        setTimer: (run, delay_ms) => timers.push({ run, delay_ms }),
    });
});

describe('the frame', () => {
    it('runs many posts of one key as one update, the newest', () => {
        const seen: number[] = [];
        for (let value = 0; value < 100; value += 1) {
            frame.post('stats', () => seen.push(value));
        }
        expect(frames.length).toBe(1);
        runFrames();
        expect(seen).toEqual([99]);
    });

    it('runs all keys in the same frame', () => {
        const seen: string[] = [];
        frame.post('a', () => seen.push('a'));
        frame.post('b', () => seen.push('b'));
        runFrames();
        expect(seen).toEqual(['a', 'b']);
    });

    it('waits until 200 ms have passed since the last flush', () => {
        frame.post('a', () => {});
        runFrames();
        now_ms += 50;
        frame.post('a', () => {});
        expect(frames.length).toBe(0);
        expect(timers[0]?.delay_ms).toBe(150);
    });

    it('shows each key once when it stands still', () => {
        const seen: string[] = [];
        const still = new Frame({
            now_ms: () => now_ms,
            nextFrame: (run) => run(),
            setTimer: (run) => run(),
            isStill: true,
        });
        still.post('a', () => seen.push('first'));
        still.post('a', () => seen.push('second'));
        still.post('b', () => seen.push('other'));
        expect(seen).toEqual(['first', 'other']);
    });

    it('forgets the posts of a page that closed', () => {
        const seen: string[] = [];
        frame.post('page:a', () => seen.push('page'));
        frame.post('stats', () => seen.push('stats'));
        frame.drop('page:');
        runFrames();
        expect(seen).toEqual(['stats']);
    });
});
