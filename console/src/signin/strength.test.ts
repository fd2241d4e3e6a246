import { describe, expect, it } from 'vitest';
import { strengthOf } from './strength';

describe('the strength of a password', () => {
    it('is none for nothing and too short below eight characters', () => {
        expect(strengthOf('')).toEqual({ bars: 0, word: 'none' });
        expect(strengthOf('aB3$x')).toEqual({ bars: 1, word: 'too short' });
    });

    it('is weak for repeats and for words that everyone tries', () => {
        expect(strengthOf('aaaaaaaaaaaaaaaa').word).toBe('weak');
        expect(strengthOf('Password1234!').word).toBe('weak');
    });

    it('is strong for a long phrase without any tricks', () => {
        expect(strengthOf('correct horse battery')).toEqual({ bars: 4, word: 'strong' });
        expect(strengthOf('lathe spindle').word).toBe('good');
    });
});
