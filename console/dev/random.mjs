/* Seeded numbers, so that the mock looks the same twice. */

export function makeRandom(seed) {
    let state = seed | 0;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

/** A walk that returns to its base: each call gives the next value. */
export function makeWalk(random, base, swing, pull = 0.06) {
    let value = base;
    return () => {
        value += (random() - 0.5) * swing + (base - value) * pull;
        return value;
    };
}
