import { describe, expect, it } from 'vitest';
import { chooseDensity, chooseTheme, nextTheme, readPrefs, type Keep } from './prefs';

function memory(values: Record<string, string> = {}): Keep & { values: Record<string, string> } {
    return {
        values,
        get: (key) => values[key] ?? null,
        set: (key, value) => {
            if (value === null) {
                delete values[key];
            } else {
                values[key] = value;
            }
        },
    };
}

describe('preferences', () => {
    it('follow the address, then what was kept, then the system', () => {
        const keep = memory({ 'kith.theme': 'dark' });
        expect(readPrefs(keep, new URLSearchParams('theme=night')).theme.value).toBe('night');
        expect(readPrefs(keep, new URLSearchParams()).theme.value).toBe('dark');
        expect(readPrefs(memory(), new URLSearchParams()).theme.value).toBe('auto');
    });

    it('ignore what is no theme and no density', () => {
        const prefs = readPrefs(
            memory({ 'kith.density': 'huge' }),
            new URLSearchParams('theme=pink'),
        );
        expect(prefs.theme.value).toBe('auto');
        expect(prefs.density.value).toBe('normal');
    });

    it('keep a choice, and forget it when it is the default again', () => {
        const keep = memory();
        const prefs = readPrefs(keep, new URLSearchParams());
        chooseTheme(prefs, keep, 'night');
        chooseDensity(prefs, keep, 'compact');
        expect(keep.values).toEqual({ 'kith.theme': 'night', 'kith.density': 'compact' });
        chooseTheme(prefs, keep, 'auto');
        chooseDensity(prefs, keep, 'normal');
        expect(keep.values).toEqual({});
    });

    it('turn through the four themes', () => {
        expect(nextTheme('auto')).toBe('light');
        expect(nextTheme('night')).toBe('auto');
    });
});
